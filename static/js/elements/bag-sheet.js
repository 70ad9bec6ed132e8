/*
  <bag-sheet><dialog class="sheet">…</dialog></bag-sheet>: templates/checkout/_sheets.html
  All that the viewer holds, one seller after the other, the soonest end first. Hears bag:open and private news of holds.
  "Go to payment" tells checkout:open {holds: [id]}.
*/
import "elements/drain-line";
import "elements/hold-clock";
import { call } from "lib/api";
import { extendHold } from "lib/checkout-acts";
import { emptyNews } from "lib/checkout-news";
import { sellerBag } from "lib/checkout-view";
import { fill, say, slot } from "lib/html";

const HOLD_NEWS = [
  "you:hold.placed",
  "you:hold.extended",
  "you:hold.expired",
  "you:hold.released",
  "you:hold.taken",
];

class BagSheet extends HTMLElement {
  #listening;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    document.addEventListener("bag:open", () => this.open(), { signal });
    for (const name of HOLD_NEWS)
      document.addEventListener(name, () => this.dialog.open && this.#load(), { signal });
    this.addEventListener("click", (event) => this.#press(event.target.closest("[data-act]")), { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  get dialog() {
    return this.querySelector("dialog");
  }

  async open() {
    await this.#load();
    if (this.dialog.open) return;
    this.dialog.showModal();
    this.querySelector("#bag-title").focus();
  }

  async #load() {
    try {
      const { units, sellers } = await call("GET", "cart");
      say(this, "problem", "");
      say(this, "count", units ? `${units} item${units === 1 ? "" : "s"} held` : "");
      fill(slot(this, "bags"), sellers.length ? sellers.map(sellerBag) : emptyNews());
    } catch (refusal) {
      say(this, "problem", refusal.message);
    }
  }

  #press(pressed) {
    if (pressed?.dataset.act === "close") this.dialog.close();
    if (pressed?.dataset.act === "extend") this.#extend(pressed);
    if (pressed?.dataset.act === "pay") {
      this.dialog.close();
      document.dispatchEvent(
        new CustomEvent("checkout:open", { detail: { holds: [Number(pressed.dataset.hold)] } }),
      );
    }
  }

  async #extend(button) {
    try {
      await extendHold(button);
      await this.#load();
    } catch (refusal) {
      say(this, "problem", refusal.message);
    }
  }
}

customElements.define("bag-sheet", BagSheet);
