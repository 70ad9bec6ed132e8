/**
 * What a client has of a show's feed and state. Pure: messages in, news out; no socket, no page.
 * Rule guarded here: events come out once each, in order, without a hole, and of a state key only newer versions.
 */

export class RoomState {
  epoch = "";
  seq = 0;
  #state = new Map();

  constructor({ epoch = "", seq = 0 } = {}) {
    this.epoch = epoch;
    this.seq = seq;
  }

  value(key) {
    return this.#state.get(key)?.[1];
  }

  /** All state as {key: [version, value]}. */
  all() {
    return Object.fromEntries(this.#state);
  }

  /**
   * Take any of the server's messages that carry events or state. Gives {events, state, reset, gap}: `reset` tells to draw
   * anew from what is given, `gap` that something in between is missing and has to be asked for.
   */
  take(message) {
    if (message.welcome) return this.#welcome(message.welcome);
    if (message.snapshot) return this.#replace(message.snapshot);
    const news = message.resumed ?? message;
    if (news.epoch && news.epoch !== this.epoch) return { events: [], state: [], reset: false, gap: true };
    return this.#follow(news);
  }

  #welcome(snapshot) {
    const first = snapshot.seq - snapshot.recent.length + 1;
    // What was missed meanwhile is in it: go on as if the connection had held.
    if (snapshot.epoch === this.epoch && this.seq + 1 >= first && this.seq <= snapshot.seq) {
      return this.#follow({ from: first, to: snapshot.seq, events: snapshot.recent, state: snapshot.state });
    }
    // More was missed than it holds: its state counts, and the rest is asked for.
    if (snapshot.epoch === this.epoch && this.seq && this.seq < first) {
      return { events: [], state: this.#apply(snapshot.state), reset: false, gap: true };
    }
    return this.#replace(snapshot);
  }

  #replace(snapshot) {
    this.epoch = snapshot.epoch;
    this.seq = snapshot.seq;
    this.#state.clear();
    return { events: snapshot.recent, state: this.#apply(snapshot.state), reset: true, gap: false };
  }

  #follow({ from, to, events = [], state = {} }) {
    const changed = this.#apply(state);
    if (from === undefined || to < from) {
      // State alone; `from` still tells what the server has sent.
      return { events: [], state: changed, reset: false, gap: from !== undefined && from > this.seq + 1 };
    }
    if (from > this.seq + 1) return { events: [], state: changed, reset: false, gap: true };
    const fresh = events.filter((event) => event.seq > this.seq);
    // A drop's event carries its card, which a snapshot shows under the event's number.
    for (const { seq, drop } of fresh) if (drop) this.#state.set(`drop:${drop.id}`, [seq, drop]);
    this.seq = Math.max(this.seq, to);
    return { events: fresh, state: changed, reset: false, gap: false };
  }

  #apply(state) {
    const changed = [];
    for (const [key, [version, value]] of Object.entries(state ?? {})) {
      const known = this.#state.get(key);
      if (known && known[0] >= version) continue;
      this.#state.set(key, [version, value]);
      changed.push({ key, version, value });
    }
    return changed;
  }
}
