/*
  <drain-line class="drain" data-from="…" data-until="…"></drain-line>
  The share of a time that is left, as the length of a line. It only shows: the clock beside it says it in words.
*/
import { everyBeat } from "lib/countdown";
import { serverNow } from "lib/server-time";

class DrainLine extends HTMLElement {
  #beating;
  #shown = -1;

  connectedCallback() {
    this.#beating = new AbortController();
    everyBeat(() => this.#draw(), this.#beating.signal);
  }

  disconnectedCallback() {
    this.#beating.abort();
  }

  /** `{kind: "" | held | paused, from, until, standing}`; `standing` is the moment at which it stands. */
  set(drain) {
    this.hidden = !drain;
    if (!drain) return;
    this.className = drain.kind ? `drain drain--${drain.kind}` : "drain";
    Object.assign(this.dataset, { from: drain.from, until: drain.until, standing: drain.standing || "" });
    this.#draw();
  }

  #draw() {
    const { from, until, standing } = this.dataset;
    if (!until) return;
    const length = Number(until) - Number(from);
    const left = length > 0 ? (Number(until) - (Number(standing) || serverNow())) / length : 0;
    const share = Math.round(Math.min(1, Math.max(0, left)) * 500) / 500;
    if (share === this.#shown) return;
    this.#shown = share;
    this.style.setProperty("--share-left", share);
  }
}

customElements.define("drain-line", DrainLine);
