/**
 * What a player does about a failure. Knows no video: it is told what went wrong and when, and says what to do.
 *
 * Acts: "reload" the list after `after` ms, "recover" the decoder, "rebuild" the whole player, try the "native" one, "fail"
 * with words and a button, or "jump" to the live edge.
 */

const BACKOFF_MS = [1000, 2000, 4000, 8000, 15_000, 30_000];
const QUIET_MS = 5000;
// A stall heals by itself most of the time: recovering at once only adds interruptions.
const JUMP_AFTER_MS = 8000;
const REBUILD_AFTER_MS = 20_000;
const FAR_BEHIND_MS = 15_000;

export class PlayerRecovery {
  #random;
  #failures = 0;
  #decoderAt = [];
  #rebuiltAt = -Infinity;
  #stalledAt = null;
  #jumped = false;

  constructor({ random = Math.random } = {}) {
    this.#random = random;
  }

  /** The list or a file could not be loaded, for good. */
  network() {
    const wait = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)];
    this.#failures += 1;
    return { act: "reload", after: wait * (0.75 + this.#random() / 2) };
  }

  /** The list contradicts the one before: begin anew at the edge, but not in a loop. */
  list(now) {
    if (now - this.#rebuiltAt < QUIET_MS) return this.network();
    this.#rebuiltAt = now;
    return { act: "rebuild", after: 0 };
  }

  /** The decoder gave up: once is an accident, the second time it is the player, the third time the engine. */
  decoder(now) {
    this.#decoderAt = [...this.#decoderAt.filter((at) => now - at < 3 * QUIET_MS), now];
    const times = this.#decoderAt.length;
    if (times === 1) return { act: "recover", after: 0 };
    if (times === 2) return { act: "rebuild", after: 0 };
    return { act: times === 3 ? "native" : "fail", after: 0 };
  }

  /**
   * Called a few times a second while the picture should move. `moved`: it did; `ahead`: ms the edge is ahead of it.
   * While the host is away nothing is ahead, and nothing is done.
   */
  watch({ moved, ahead, now }) {
    if (moved) {
      this.#stalledAt = null;
      this.#jumped = false;
      return null;
    }
    this.#stalledAt ??= now;
    const stood = now - this.#stalledAt;
    if (ahead < 1000) return null;
    if (stood > REBUILD_AFTER_MS) {
      this.#stalledAt = now;
      return { act: "rebuild", after: 0 };
    }
    if (stood > JUMP_AFTER_MS && !this.#jumped) {
      this.#jumped = true;
      return { act: "jump", after: 0 };
    }
    return null;
  }

  /** The tab or the device woke up. */
  woke({ behind, wasLive }) {
    return wasLive && behind > FAR_BEHIND_MS ? { act: "jump", after: 0 } : null;
  }

  /** The picture plays: the next failure starts anew. */
  healthy() {
    this.#failures = 0;
  }
}
