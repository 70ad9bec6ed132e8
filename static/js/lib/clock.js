/**
 * The server's clock, by probes. The device's clock is never read: offsets are kept against the page's own stopwatch, so a
 * phone that is ten minutes off counts down rightly.
 */

const KEPT = 8;

export class ServerClock {
  #stopwatch;
  #samples = [];
  #offset = null;

  constructor(stopwatch = () => performance.now()) {
    this.#stopwatch = stopwatch;
  }

  /** What a probe carries. */
  start() {
    return this.#stopwatch();
  }

  /** A first guess from any message with the server's time: late by the way here, replaced by the first probe. */
  guess(now) {
    this.#offset ??= now - this.#stopwatch();
  }

  /** A probe's answer: `c0` as sent, `s1` and `s2` on the server. The quickest of the last eight counts. */
  answer({ c0, s1, s2 }) {
    const c1 = this.#stopwatch();
    const trip = c1 - c0 - (s2 - s1);
    this.#samples.push({ trip, offset: (s1 + s2) / 2 - (c0 + c1) / 2 });
    if (this.#samples.length > KEPT) this.#samples.shift();
    this.#offset = this.#samples.reduce((best, one) => (one.trip < best.trip ? one : best)).offset;
  }

  /** After a sleep the stopwatch may have stood still: only what is measured from now on counts. */
  forget() {
    this.#samples = [];
  }

  get known() {
    return this.#offset !== null;
  }

  /** The server's time in ms. */
  now() {
    return (this.#offset ?? 0) + this.#stopwatch();
  }
}
