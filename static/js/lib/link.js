/**
 * The websocket itself: connects, comes back with jitter, notices a dead line and a tab that was away. Knows no message but
 * `bye`, in which the server says why it closes and over how many seconds all should come back.
 */
import { Backoff } from "lib/backoff";
import { CLOSE } from "protocol";

const STEADY_MS = 30_000;
const WAKE_MS = 5000;
export const FAILURES_TO_POLL = 3;
const FINAL = new Set([CLOSE.SIGN_IN, CLOSE.BANNED]);

export class Link {
  #url;
  #hear;
  #down;
  #socket = null;
  #backoff = new Backoff();
  #failed = 0;
  #spread = null;
  #connecting = 0;
  #steady = 0;
  #final = false;
  /** When the server was last heard, on the page's stopwatch. */
  heardAt = 0;

  /** `hear(message)` gets each message, `down({code, spread, failed})` each loss; `failed` counts those without a welcome. */
  constructor(url, { hear, down }) {
    this.#url = new URL(url, location.href);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#hear = hear;
    this.#down = down;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    clearTimeout(this.#connecting);
    if (this.#final || this.#socket) return;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#spread = null;
    socket.onmessage = ({ data }) => {
      this.heardAt = performance.now();
      const message = JSON.parse(data);
      if (message.bye) this.#spread = message.bye.spread ?? null;
      this.#hear(message);
    };
    socket.onclose = ({ code }) => this.#lost(socket, code);
  }

  /** The other side is there and speaks: the next loss is a first one again, and after a while the waits start anew. */
  welcome() {
    this.#failed = 0;
    clearTimeout(this.#steady);
    this.#steady = setTimeout(() => this.#backoff.reset(), STEADY_MS);
  }

  send(frame) {
    this.#socket.send(JSON.stringify(frame));
  }

  /** Connect no more. */
  end() {
    this.#final = true;
    this.#socket?.close();
  }

  /** Give a dead line up without waiting for it. */
  drop() {
    const socket = this.#socket;
    socket.close();
    this.#lost(socket, 1006);
  }

  /** The tab or the device was away: connect now, or `probe` and see whether the line still lives. */
  wake(probe) {
    if (!this.#socket) this.connect();
    else if (this.isOpen) {
      const asked = performance.now();
      probe();
      setTimeout(() => this.isOpen && this.heardAt < asked && this.drop(), WAKE_MS);
    }
  }

  #lost(socket, code) {
    if (this.#socket !== socket) return;
    this.#socket = null;
    clearTimeout(this.#steady);
    this.#failed += 1;
    this.#final ||= FINAL.has(code);
    this.#down({ code, spread: this.#spread, failed: this.#failed });
    if (this.#final) return;
    const wait = this.#spread === null ? this.#backoff.next() : this.#backoff.within(this.#spread);
    this.#connecting = setTimeout(() => this.connect(), wait);
  }
}
