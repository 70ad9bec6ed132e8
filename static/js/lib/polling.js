/** Polling: asks again and again while there is no socket. What it gets goes the way of the socket's messages. */

const POLL_MS = 3000;

export class Polling {
  #url;
  #ask;
  #hear;
  #refused;
  #timer = 0;

  /** `ask()` gives the next question's parameters, `hear(message)` gets its answer, `refused(error)` the word that ends it. */
  constructor(url, { ask, hear, refused }) {
    this.#url = url;
    this.#ask = ask;
    this.#hear = hear;
    this.#refused = refused;
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
      const answer = await fetch(`${this.#url}?${new URLSearchParams(this.#ask())}`);
      if (answer.status === 403) {
        this.stop();
        this.#refused((await answer.json()).error);
      } else if (answer.ok && this.isOn) this.#hear(await answer.json());
    } catch {
      // No network: the next question finds out.
    }
    if (this.isOn) this.#timer = setTimeout(this.#poll, POLL_MS * (0.75 + Math.random() / 2));
  };
}
