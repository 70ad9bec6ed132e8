/*
  <studio-clock kind="since" at="1795287600000">31:42</studio-clock>                  time since a moment of the server, in ms
  <studio-clock kind="left" at="…">0:29 left</studio-clock>                           until a moment, then "0:11 over"
  <studio-clock kind="over" at="…" late="12">+0:11</studio-clock>  seconds behind the plan, growing once `at` has passed
*/
import { clockText, everyBeat, secondsLeft } from "lib/countdown";
import { serverNow } from "lib/server-time";

const signed = (seconds) => (seconds ? `${seconds > 0 ? "+" : "−"}${clockText(Math.abs(seconds))}` : "");
const word = (seconds) => (seconds > 0 ? "over" : seconds < 0 ? "under" : "on time");

const KINDS = {
  since: (at) => clockText(Math.max(0, Math.floor((serverNow() - at) / 1000))),
  left: (at) => {
    const left = secondsLeft(at, serverNow());
    return left ? `${clockText(left)} left` : `${clockText(Math.floor((serverNow() - at) / 1000))} over`;
  },
};

class StudioClock extends HTMLElement {
  #beating;

  connectedCallback() {
    this.#beating = new AbortController();
    everyBeat(() => this.#tick(), this.#beating.signal);
  }

  disconnectedCallback() {
    this.#beating.abort();
  }

  #tick() {
    const at = Number(this.getAttribute("at"));
    if (!at) return;
    if (this.getAttribute("kind") === "over") {
      this.#showOver(at);
      return;
    }
    const text = KINDS[this.getAttribute("kind")](at);
    if (this.textContent !== text) this.textContent = text;
  }

  #showOver(at) {
    const beyond = Math.max(0, Math.floor((serverNow() - at) / 1000));
    const seconds = Number(this.getAttribute("late")) + beyond;
    const text = `${signed(seconds)} ${word(seconds)}`.trim();
    if (this.dataset.text === text) return;
    this.dataset.text = text;
    this.className = `over-under over-under--${word(seconds).replace(" ", "-")}`;
    const figure = document.createElement("b");
    figure.className = "num";
    figure.textContent = signed(seconds);
    this.replaceChildren(figure, ` ${word(seconds)}`);
  }
}

customElements.define("studio-clock", StudioClock);
