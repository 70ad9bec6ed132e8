/*
  <reaction-burst class="stage__reactions"></reaction-burst> and the button [data-act="heart"]
  Hearts of everyone, one batch a second, at most twelve on screen; the viewer's own taps are sent once a second too.
  Hears state:reactions {counts}. With reduced motion nothing flies: the count stands on the heart.
*/
import { cloneOf } from "lib/html";
import { showSocket } from "show-socket";

const MOST = 12;
const KINDS = "abcd";
const SEND_EVERY_MS = 1000;
const still = matchMedia("(prefers-reduced-motion: reduce)");

class ReactionBurst extends HTMLElement {
  #listening;
  #taps = 0;
  #sending = 0;
  #counted = 0;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    document.addEventListener("state:reactions", ({ detail }) => this.#burst(detail.value.counts), {
      signal,
    });
    document.addEventListener("click", (event) => event.target.closest('[data-act="heart"]') && this.#tap(), {
      signal,
    });
  }

  disconnectedCallback() {
    this.#listening.abort();
    clearTimeout(this.#sending);
  }

  #tap() {
    this.#taps += 1;
    this.#fly(1);
    this.#sending ||= setTimeout(() => this.#send(), SEND_EVERY_MS);
  }

  #send() {
    const count = this.#taps;
    this.#taps = 0;
    this.#sending = 0;
    // A heart that gets lost is no harm; nobody is told.
    showSocket.command("reaction.send", { emoji: "heart", count }).catch(() => {});
  }

  #burst(counts) {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (still.matches) this.#count(total);
    else this.#fly(Math.min(MOST, Math.ceil(Math.sqrt(total) * 1.5)));
  }

  #count(total) {
    this.#counted += total;
    const heart = document.querySelector('[data-act="heart"]');
    if (heart) heart.ariaLabel = `Send a heart, ${this.#counted} so far`;
  }

  #fly(count) {
    if (still.matches || document.hidden) return;
    for (let index = 0; index < count && this.children.length < MOST; index += 1) {
      const heart = cloneOf("heart-template");
      heart.classList.add(`reaction--${KINDS[Math.floor(Math.random() * KINDS.length)]}`);
      heart.style.setProperty("--in", 16 + Math.random() * 48);
      heart.style.setProperty("--lean", `${Math.random() * 28 - 14}deg`);
      heart.style.setProperty("--size", `${1.2 + Math.random() * 0.7}rem`);
      heart.style.setProperty("--late", `${Math.random() * 900}ms`);
      heart.addEventListener("animationend", () => heart.remove(), { once: true });
      this.append(heart);
    }
  }
}

customElements.define("reaction-burst", ReactionBurst);
