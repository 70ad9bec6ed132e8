/** How long to wait before connecting again: full jitter, so that thousands who lost one server do not come back at once. */

const BASE = 1000;
const CAP = 30_000;

export class Backoff {
  #random;
  failures = 0;

  constructor({ random = Math.random } = {}) {
    this.#random = random;
  }

  /** Count a failure; the wait in ms, between nothing and twice the last bound. */
  next() {
    const bound = Math.min(CAP, BASE * 2 ** this.failures);
    this.failures += 1;
    return this.#random() * bound;
  }

  /** The wait after being sent away with a spread: the server says over how many seconds all should come back. */
  within(seconds) {
    return this.#random() * Math.min(Math.max(seconds, 0.5), 60) * 1000;
  }

  /** The connection held: the next failure starts anew. */
  reset() {
    this.failures = 0;
  }
}
