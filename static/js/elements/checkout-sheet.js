/*
  <checkout-sheet><dialog class="sheet">…</dialog></checkout-sheet>: templates/checkout/_sheets.html
  Pays one seller's bag over the playing picture. Hears checkout:open {holds: [id]}, hold:placed (a hold card), you:order.paid,
  you:hold.expired, hold:over, code:changed. Tells checkout:opened, checkout:closed and checkout:paid {code, url}, all on document.
  The dialog keeps the focus in and gives it back; Escape closes it and the hold stays.
*/
import "elements/code-form";
import "elements/drain-line";
import "elements/hold-clock";
import { answerBank, bagOf, extendHold, orderAndPay, orderNow, wishOf } from "lib/checkout-acts";
import { askNews, goneNews, paidNews, waitNews } from "lib/checkout-news";
import { payLine, payWords, sums } from "lib/checkout-view";
import { markSlips } from "lib/form-slips";
import { fill, say, slot } from "lib/html";

const ASK_AGAIN_MS = 2000;

class CheckoutSheet extends HTMLElement {
  #listening;
  #bag = null;
  #key = "";
  #wish = "";
  #order = null;
  #timer = 0;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const on = (name, act) => document.addEventListener(name, (event) => act(event.detail ?? {}), { signal });
    on("checkout:open", ({ holds }) => this.open(holds?.[0]));
    on("hold:placed", ({ id, hold }) => this.open(id ?? hold?.id ?? hold));
    on("you:order.paid", ({ order, url }) => order === this.#order?.code && this.#paid(order, url));
    for (const name of ["you:hold.expired", "you:hold.extended", "code:changed"])
      on(name, () => this.#bag && !this.#order && this.#load());
    this.addEventListener(
      "hold:over",
      () => setTimeout(() => this.#bag && !this.#order && this.#load(), ASK_AGAIN_MS),
      { signal },
    );
    this.addEventListener("click", (event) => this.#press(event.target.closest("[data-act]")), { signal });
    this.dialog.addEventListener("close", () => this.#closed(), { signal });
    slot(this, "form").addEventListener("submit", (event) => this.#submit(event), { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
    clearTimeout(this.#timer);
  }

  get dialog() {
    return this.querySelector("dialog");
  }

  /** Show the bag in which this hold is. */
  async open(hold) {
    this.#order = null;
    this.#wish = "";
    this.#show("form");
    say(this, "problem", "");
    markSlips(slot(this, "form"), {});
    await this.#load(hold);
    if (this.dialog.open) return;
    this.dialog.showModal();
    if (this.#bag) this.querySelector("#pay-title").focus();
    document.dispatchEvent(new CustomEvent("checkout:opened"));
  }

  #press(pressed) {
    const acts = {
      close: () => this.dialog.close(),
      extend: () => this.#extend(pressed),
      agree: () => this.#answer("agree"),
      refuse: () => this.#answer("refuse"),
    };
    if (pressed) acts[pressed.dataset.act]?.();
  }

  async #load(hold = this.#bag?.holds[0].id) {
    try {
      this.#bag = await bagOf(hold);
      if (this.#bag) this.#draw();
      else this.#tell(goneNews());
    } catch (refusal) {
      say(this, "problem", refusal.message);
    }
  }

  #draw() {
    const bag = this.#bag;
    if (this.#wish !== wishOf(bag)) this.#key = crypto.randomUUID();
    this.#wish = wishOf(bag);
    say(this, "count", `${bag.units} item${bag.units === 1 ? "" : "s"}`);
    fill(slot(this, "lines"), bag.holds.map(payLine));
    fill(slot(this, "sums"), sums(bag));
    this.querySelector("code-form").show(bag);
    say(this, "seller", bag.brand.legal_name);
    slot(this, "pay").textContent = payWords(this.#bag);
  }

  async #extend(button) {
    try {
      await extendHold(button);
      await this.#load();
    } catch (refusal) {
      say(this, "problem", refusal.message);
    }
  }

  async #submit(event) {
    event.preventDefault();
    if (slot(this, "pay").ariaBusy) return;
    say(this, "problem", "");
    markSlips(slot(this, "form"), {});
    this.#busy(true);
    try {
      const typed = Object.fromEntries(new FormData(event.target));
      this.#settle(await orderAndPay({ bag: this.#bag, key: this.#key, typed }));
    } catch (refusal) {
      this.#refused(refusal);
    } finally {
      this.#busy(false);
    }
  }

  async #answer(check) {
    try {
      this.#settle(await answerBank(this.#order.code, check));
    } catch (refusal) {
      this.#order = null;
      this.#show("form");
      await this.#load();
      this.#refused(refusal);
    }
  }

  #settle(order) {
    this.#order = order;
    clearTimeout(this.#timer);
    if (order.state === "paid") this.#paid(order.code, order.url);
    else if (order.payment?.state === "requires_action") this.#tell(askNews(order));
    else if (order.payment?.state === "processing") this.#waits(order);
    else location.assign(order.url);
  }

  #waits(order) {
    this.#tell(waitNews(order));
    this.#timer = setTimeout(async () => {
      const asked = await orderNow(order).catch(() => order);
      if (this.#order?.code === order.code) this.#settle(asked);
    }, ASK_AGAIN_MS);
  }

  #paid(code, url) {
    clearTimeout(this.#timer);
    const told = this.#order?.told;
    this.#order = { code, url, told: true };
    if (told) return;
    this.#tell(paidNews(code, url));
    document.dispatchEvent(new CustomEvent("checkout:paid", { detail: { code, url } }));
  }

  #tell(markup) {
    fill(slot(this, "news"), markup);
    this.#show("news");
    slot(this, "news").querySelector(".button")?.focus();
  }

  #show(part) {
    slot(this, "form").hidden = part !== "form";
    slot(this, "news").hidden = part !== "news";
  }

  #refused({ code = "", message, fields = {} }) {
    const wrong = markSlips(slot(this, "form"), fields);
    wrong?.focus();
    if (wrong) return;
    say(this, "problem", message);
    if (/^(order|code)\./.test(code)) this.#load();
  }

  #busy(busy) {
    const button = slot(this, "pay");
    button.ariaBusy = busy ? "true" : null;
    if (busy) button.textContent = "Paying";
    else if (this.#bag) button.textContent = payWords(this.#bag);
  }

  #closed() {
    clearTimeout(this.#timer);
    this.#bag = null;
    document.dispatchEvent(new CustomEvent("checkout:closed"));
  }
}

customElements.define("checkout-sheet", CheckoutSheet);
