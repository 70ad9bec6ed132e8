/*
  <product-sheet><dialog class="sheet">…</dialog></product-sheet>: templates/watch/_sheet.html, fetched when a product is opened.
  Hears sheet:open {href, opener}, stage:changed {model}, hold:placed, draw:entered. The dialog keeps the focus in and gives it
  back; Escape closes it.
  Choosing an option fetches the sheet again with that variant; a failed answer falls back to the link itself.
*/

import * as acts from "lib/acts";
import { announce } from "lib/announce";
import { dropPhase } from "lib/card-view";
import { drawPhase } from "lib/draw-view";
import { say, slot } from "lib/html";
import { serverNow } from "lib/server-time";

const WORDS = {
  announced: "Opens in a moment",
  paused: "Paused",
  draw: "Enter the draw",
  drawing: "Being drawn",
  sold_out: "Sold out",
  ended: "The drop is over",
};

class ProductSheet extends HTMLElement {
  #listening;
  #busy = false;
  #model = null;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    document.addEventListener("sheet:open", ({ detail }) => this.open(detail.href), { signal });
    document.addEventListener("stage:changed", ({ detail }) => this.#show(detail.model), { signal });
    for (const done of ["hold:placed", "draw:entered"])
      document.addEventListener(done, () => this.dialog?.close(), { signal });
    this.addEventListener("click", (event) => this.#press(event), { signal });
    this.addEventListener("submit", (event) => this.#hold(event), { signal });
    // The server opened it for an address with ?sheet=; only a modal one keeps the focus.
    if (this.dialog?.open) {
      this.dialog.close();
      this.dialog.showModal();
    }
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  get dialog() {
    return this.querySelector("dialog");
  }

  async open(href) {
    const fresh = await this.#fetch(href);
    if (!fresh) return;
    this.dialog?.remove();
    this.append(fresh);
    if (this.#model) this.#show(this.#model);
    fresh.showModal();
  }

  async #fetch(href) {
    const address = new URL(href, location.href);
    address.searchParams.set("part", "sheet");
    try {
      const answer = await fetch(address, { signal: this.#listening.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return document.adoptNode(page.querySelector("dialog"));
    } catch (fault) {
      if (fault.name !== "AbortError") location.assign(href);
      return null;
    }
  }

  #press(event) {
    const pressed = event.target.closest("[data-act]");
    // A tap beside the sheet lands on the dialog itself.
    if (event.target === this.dialog && !this.#within(event)) this.dialog.close();
    if (!pressed || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (pressed.dataset.act === "close-sheet") this.dialog.close();
    else if (pressed.dataset.act === "choose") this.#choose(pressed);
    else return;
    event.preventDefault();
  }

  #within({ clientX, clientY }) {
    const box = this.dialog.getBoundingClientRect();
    return clientX >= box.left && clientX <= box.right && clientY >= box.top && clientY <= box.bottom;
  }

  async #choose(chip) {
    const words = chip.firstChild.textContent;
    const fresh = await this.#fetch(chip.href);
    if (!fresh) return;
    this.dialog.replaceChildren(...fresh.children);
    Object.assign(this.dialog.dataset, fresh.dataset);
    this.#show(this.#model);
    [...this.querySelectorAll("a.chip")].find((one) => one.firstChild.textContent === words)?.focus();
  }

  async #hold(event) {
    event.preventDefault();
    if (this.#busy) return;
    const { drop, variant } = this.dialog.dataset;
    const button = slot(this, "button");
    const words = button.textContent;
    this.#busy = true;
    button.ariaBusy = "true";
    button.textContent = "Holding";
    say(this, "problem", "");
    try {
      await acts.placeHold({ drop: drop ? Number(drop) : null, variant: Number(variant) });
    } catch (refusal) {
      say(this, "problem", refusal.message);
      announce(refusal.message);
    }
    this.#busy = false;
    button.ariaBusy = null;
    button.textContent = words;
    if (this.#model) this.#show(this.#model);
  }

  /** Keep the figures and the button true while the sheet is open. */
  #show(model) {
    this.#model = model;
    const dialog = this.dialog;
    if (!dialog?.dataset.drop || !model) return;
    const drop = model.drops.get(Number(dialog.dataset.drop));
    const stock = model.stock.get(dialog.dataset.drop);
    if (!drop) return;
    const phase = dropPhase({ drop, stock, sales: model.sales, now: serverNow() });
    const left = stock?.variants?.[dialog.dataset.variant] ?? stock?.left ?? drop.units;
    if (stock) {
      slot(this, "bar")?.set?.({ ...stock, paused: phase !== "open" });
      say(this, "left", `${stock.left} left`);
      say(this, "carts", stock.held ? `${stock.held} in carts` : "");
    }
    if (this.#busy) return;
    const state = (phase === "open" && drawPhase({ drop, now: serverNow() })) || phase;
    const asked = model.places.has(drop.id) && ["draw", "drawing"].includes(state);
    const button = slot(this, "button");
    button.disabled = asked || !["open", "draw"].includes(state) || left <= 0;
    const words = { ...WORDS, open: left > 0 ? "Buy" : "Sold out" };
    button.textContent = asked ? "You are in the draw" : words[state];
  }
}

customElements.define("product-sheet", ProductSheet);
