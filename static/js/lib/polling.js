/** Polling: asks again and again while there is no socket. What it gets goes the way of the socket's messages. */

const POLL_MS = 3000;

export class Polling {
  #ask;
  #hear;
  #timer = 0;

  /** `ask()` gives the URL of the next question, `hear(message)` gets its answer. */
  constructor({ ask, hear }) {
    this.#ask = ask;
    this.#hear = hear;
  }

  get isOn() {
    return this.#timer !== 0;
  }

  start() {
    this.#timer ||= setTimeout(this.#poll, 0);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  #poll = async () => {
    try {
      const answer = await fetch(this.#ask());
      if (answer.ok && this.isOn) this.#hear(await answer.json());
    } catch {
      // No network: the next question finds out.
    }
    if (this.isOn) this.#timer = setTimeout(this.#poll, POLL_MS * (0.75 + Math.random() / 2));
  };
}
