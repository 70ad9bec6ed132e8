/*
  <hold-clock class="hold" data-until="1795287600000" data-from="…" data-now="…">
    … <span data-slot="words" role="timer">Held for you until <b class="hold__time">19:36:13</b></span>
      <drain-line class="drain drain--held drain--line hold__drain" data-from="…" data-until="…"></drain-line></hold-clock>
  Turns the end of a hold into a clock that runs; outlined and said aloud once at 45 s, and at its end. `data-paused` (ms): it stands.
  Hears state:sales of a show that pauses. Tells "hold:over" once (detail: {hold}). Without scripts the end stands as a time of day.
*/
import { announce } from "lib/announce";
import { clockText, everyBeat, secondsLeft, spokenText } from "lib/countdown";
import { fill, html, slot } from "lib/html";
import { serverNow, setServerClock } from "lib/server-time";

const LAST_SECONDS = 45;

class HoldClock extends HTMLElement {
  #beating;
  #shown = null;

  connectedCallback() {
    if (this.dataset.now && !document.getElementById("show-boot")) adoptClock(Number(this.dataset.now));
    this.#beating = new AbortController();
    everyBeat(() => this.#tick(), this.#beating.signal);
  }

  disconnectedCallback() {
    this.#beating.abort();
  }

  #tick() {
    const { until, paused } = this.dataset;
    const left = secondsLeft(Number(until), Number(paused) || serverNow());
    if (left === this.#shown) return;
    const before = this.#shown;
    this.#shown = left;
    this.#say(left, Boolean(paused));
    this.classList.toggle("hold--last", left <= LAST_SECONDS && !paused);
    if (paused) return;
    if (left <= LAST_SECONDS && left > 0 && (before === null || before > LAST_SECONDS)) {
      announce(`Held for you for ${spokenText(left)} more.`);
    }
    if (left === 0) this.#end(before);
  }

  #say(left, paused) {
    const words = slot(this, "words");
    if (!words) return;
    if (left === 0) words.textContent = "The hold is over";
    else if (this.#clock(words)) this.#clock(words).textContent = clockText(left);
    else
      fill(
        words,
        html`${paused ? "Held, the clock stands at" : "Held for you"} <b class="num hold__time" data-clock>${clockText(left)}</b>`,
      );
    words.ariaLabel = left ? `Held for you for ${spokenText(left)}` : "The hold is over";
  }

  #clock(words) {
    return words.querySelector("[data-clock]");
  }

  #end(before) {
    this.querySelector(".hold__more")?.remove();
    if (before === null) return;
    announce("The hold is over. It went back to the shop; nothing was charged.");
    this.dispatchEvent(
      new CustomEvent("hold:over", { bubbles: true, detail: { hold: Number(this.dataset.hold) } }),
    );
  }
}

/** Pages without a socket: the server's time is what it wrote into the page, moved on by the page's own stopwatch. */
const adoptClock = (writtenAt) => {
  const [arrival] = performance.getEntriesByType("navigation");
  const base = writtenAt - (arrival?.responseStart ?? performance.now());
  setServerClock(() => base + performance.now());
};

customElements.define("hold-clock", HoldClock);
