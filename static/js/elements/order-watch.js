/*
  <order-watch data-code="R7K2-481" data-query="token=…">Your bank has not answered yet.</order-watch>
  Asks where an order stands and loads the page again once that has changed. Without scripts there is a link for it.
*/
import { call } from "lib/api";

const EVERY_MS = 2000;

class OrderWatch extends HTMLElement {
  #timer = 0;

  connectedCallback() {
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  async #look() {
    const { code, query } = this.dataset;
    try {
      const order = await call("GET", `orders/${code}?${query}`);
      if (order.payment?.state !== "processing") location.reload();
    } catch {
      // The next look comes in a moment; the page says what is safe meanwhile.
    }
  }
}

customElements.define("order-watch", OrderWatch);
