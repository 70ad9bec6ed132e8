/*
  <count-down seconds="522">8:42</count-down>
  A clock that runs down from what the server wrote, by the page's own stopwatch; the device's clock is never asked.
  Without it the text stands as it was when the page was made.
*/
import { clockText, secondsLeft } from "lib/countdown";

class CountDown extends HTMLElement {
  #ticking;

  connectedCallback() {
    this.#tick();
    this.#ticking = setInterval(() => this.#tick(), 1000);
  }

  disconnectedCallback() {
    clearInterval(this.#ticking);
  }

  #tick() {
    const left = secondsLeft(Number(this.getAttribute("seconds")) * 1000, performance.now());
    this.textContent = clockText(left);
    if (!left) clearInterval(this.#ticking);
  }
}

customElements.define("count-down", CountDown);
