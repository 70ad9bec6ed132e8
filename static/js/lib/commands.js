/** Commands on their way: each gets its own answer, over the socket, or over HTTP when the socket is gone. */
import { Refusal } from "lib/api";
import { repeatable, sendTwin } from "lib/twins";

const REPLY_MS = 8000;
const BROKEN = {
  code: "connection.lost",
  message: "The connection broke. Nothing is lost; try again in a moment.",
};

export class Commands {
  #show;
  #asked = new Map();
  #count = 0;

  constructor(show) {
    this.#show = show;
  }

  /** Send a command with `send(frame)`, or over HTTP without; its answer, or a `Refusal`. */
  ask(type, fields, send) {
    if (!send) return sendTwin(this.#show, type, fields);
    this.#count += 1;
    const id = `c${this.#count}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#lose(id), REPLY_MS);
      this.#asked.set(id, { type, fields, resolve, reject, timer });
      send({ type, id, ...fields });
    });
  }

  /** The server's reply. */
  answer({ reply, ok, error }) {
    const asked = this.#take(reply);
    if (!asked) return;
    if (error) asked.reject(Object.assign(new Refusal(error, 0), { retry_in: error.retry_in }));
    else asked.resolve(ok);
  }

  /** The connection is gone, and with it every reply. */
  loseAll() {
    for (const id of [...this.#asked.keys()]) this.#lose(id);
  }

  /** What has a key is asked again over HTTP, where it finds its first answer; the rest is said to be lost. */
  #lose(id) {
    const { type, fields, resolve, reject } = this.#take(id);
    if (repeatable(type, fields)) sendTwin(this.#show, type, fields).then(resolve, reject);
    else reject(new Refusal(BROKEN, 0));
  }

  #take(id) {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    clearTimeout(asked?.timer);
    return asked;
  }
}
