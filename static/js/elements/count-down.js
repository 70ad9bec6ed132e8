/*
  <count-down data-until="1795287600000">8:42</count-down>      to a moment of the server, in ms
  <count-down data-standing="494">8:14</count-down>             a clock that stands, in seconds
  <count-down data-until="…" data-shape="units">…</count-down>  days, hours, minutes in boxes (.curtain__unit)
  <count-down seconds="522">8:42</count-down>                   from the moment the page was made
  Tells "over" once, as the DOM event count-down:over. Without scripts the text stands as it was when the page was made.
*/
import { clockText, everyBeat, secondsLeft, spokenText, unitsText } from "lib/countdown";
import { fill, html } from "lib/html";
import { serverNow } from "lib/server-time";

class CountDown extends HTMLElement {
  #beating;
  #shown = null;

  connectedCallback() {
    this.#beating = new AbortController();
    everyBeat(() => this.#tick(), this.#beating.signal);
  }

  disconnectedCallback() {
    this.#beating.abort();
  }

  /** Run to a moment, stand at some seconds, or stop. Repeating the same changes nothing. */
  set({ until = null, standing = null }) {
    this.dataset.until = until ?? "";
    if (standing === null || standing === undefined) delete this.dataset.standing;
    else this.dataset.standing = standing;
    this.#tick();
  }

  #left() {
    const { until, standing } = this.dataset;
    if (standing) return Number(standing);
    if (this.hasAttribute("seconds"))
      return secondsLeft(Number(this.getAttribute("seconds")) * 1000, performance.now());
    return until ? secondsLeft(Number(until), serverNow()) : null;
  }

  #tick() {
    const left = this.#left();
    if (left === null || left === this.#shown) return;
    if (left === 0 && this.#shown) this.dispatchEvent(new CustomEvent("count-down:over", { bubbles: true }));
    this.#shown = left;
    if (this.dataset.shape === "units") this.#showUnits(left);
    else this.textContent = clockText(left);
    if (this.role === "timer") this.ariaLabel = spokenText(left);
  }

  #showUnits(left) {
    const units = unitsText(left);
    const figures = this.querySelectorAll(".curtain__figure");
    const words = [...this.querySelectorAll(".curtain__word")].map((word) => word.textContent);
    if (words.join() === units.map(([, word]) => word).join()) {
      units.forEach(([figure], index) => {
        figures[index].textContent = figure;
      });
      return;
    }
    const box = ([figure, word]) =>
      html`<span class="curtain__unit"><span class="curtain__figure">${figure}</span><span class="curtain__word">${word}</span></span>`;
    fill(this, units.map(box));
  }
}

customElements.define("count-down", CountDown);
