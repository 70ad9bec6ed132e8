/*
  <go-clock opens-at="1795287600000" total="30" say-at="12">… data-slot: clock, say, bar …</go-clock>
  Before a drop opens: one clock, one instruction. GO is said as many seconds early as the slowest viewers hear late.
  Tells count-down:over when it opens.
*/
import { clockText, everyBeat, secondsLeft, spokenText } from "lib/countdown";
import { slot } from "lib/html";
import { serverNow } from "lib/server-time";

const GO_LASTS = 4;

class GoClock extends HTMLElement {
  #beating;
  #shown = null;

  connectedCallback() {
    this.#beating = new AbortController();
    everyBeat(() => this.#tick(), this.#beating.signal);
  }

  disconnectedCallback() {
    this.#beating.abort();
  }

  #tick() {
    const left = secondsLeft(Number(this.getAttribute("opens-at")), serverNow());
    if (left === this.#shown) return;
    if (left === 0 && this.#shown) this.dispatchEvent(new CustomEvent("count-down:over", { bubbles: true }));
    this.#shown = left;
    const total = Number(this.getAttribute("total"));
    const clock = slot(this, "clock");
    clock.textContent = clockText(left);
    clock.ariaLabel = spokenText(left);
    slot(this, "bar").style.setProperty(
      "--at",
      `${total ? Math.min(100, (100 * (total - left)) / total) : 100}%`,
    );
    this.#say(left);
  }

  #say(left) {
    const sayAt = Number(this.getAttribute("say-at"));
    const now = left <= sayAt && left > sayAt - GO_LASTS;
    this.classList.toggle("remote-go--now", now);
    const words = slot(this, "say");
    const before = sayAt ? `Say GO at ${clockText(sayAt)}` : "Say GO when it opens";
    const text = left > sayAt ? before : now ? "Say GO now" : "GO is on its way to everyone";
    if (words.textContent !== text) words.textContent = text;
  }
}

customElements.define("go-clock", GoClock);
