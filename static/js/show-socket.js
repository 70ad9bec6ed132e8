/**
 * The show's live connection: one socket, or polling when there is none, and the same news from both.
 *
 * Tells, as events on `document` with the payload as `detail`: every event by its type ("message.posted", with `mine` and
 * `replayed`), "state:<prefix>" {key, version, value}, "you:<type>", "studio:<type>", "socket:you" (who you are, your holds),
 * "socket:reset" (draw anew, what follows is everything), "socket:connected", "socket:lost", "socket:polling",
 * "socket:refused" {code, message}, "socket:restarting".
 */
import { Refusal } from "lib/api";
import { Backoff } from "lib/backoff";
import { ServerClock } from "lib/clock";
import { PictureWait } from "lib/picture-wait";
import { RoomState } from "lib/room-state";
import { setServerClock } from "lib/server-time";
import { repeatable, sendTwin } from "lib/twins";
import { CLOSE, EVENTS } from "protocol";

const POLL_MS = 3000;
const RETRY_WHILE_POLLING_MS = 30_000;
const REPLY_MS = 8000;
const STEADY_MS = 30_000;
const FAILURES_TO_POLL = 3;
const FINAL = new Set([CLOSE.SIGN_IN, CLOSE.BANNED]);

const BROKEN = { code: "connection.lost", message: "The connection broke. Nothing is lost; try again in a moment." };

export class ShowSocket {
  #boot;
  #socket = null;
  #room;
  #clock = new ServerClock();
  #backoff = new Backoff();
  #wait;
  #programme = () => document.querySelector("show-player")?.programme?.() ?? null;
  #replies = new Map();
  #mine = new Set();
  #count = 0;
  #failed = 0;
  #polling = 0;
  #timers = {};
  #heard = 0;
  #beaten = 0;
  #beatMs = 10_000;
  #stalls = 0;
  #spread = null;
  #over = false;

  constructor(boot) {
    this.#boot = boot;
    this.#room = new RoomState({ epoch: boot.epoch, seq: boot.seq });
    this.#wait = new PictureWait(() => this.#programme());
    if (boot.now) this.#clock.guess(boot.now + performance.now());
    setServerClock(() => this.#clock.now());
  }

  // What pages use --------------------------------------------------------------------------------------------------------

  start() {
    this.#connect();
    document.addEventListener("visibilitychange", () => !document.hidden && this.#wake());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#wake());
    addEventListener("online", () => this.#wake());
    document.addEventListener("player:stalled", () => { this.#stalls += 1; });
  }

  /** The server's time in ms. */
  serverNow() {
    return this.#clock.now();
  }

  /** The latest value of a state key. */
  state(key) {
    return this.#room.value(key);
  }

  /** Who tells the time of the viewer's picture, in ms or null. */
  programmeFrom(programme) {
    this.#programme = programme;
  }

  /** Send a command; its answer, or a `Refusal`. Over HTTP when the socket is not there. */
  async command(type, fields = {}) {
    if (type === "message.post") this.#remember(fields.key);
    if (!this.#open) return sendTwin(this.#boot.show, type, fields);
    const id = `c${(this.#count += 1)}`;
    const { promise, resolve, reject } = Promise.withResolvers?.() ?? deferred();
    const timer = setTimeout(() => this.#lose(id), REPLY_MS);
    this.#replies.set(id, { type, fields, resolve, reject, timer });
    this.#send({ type, id, ...fields });
    return promise;
  }

  // Connection ------------------------------------------------------------------------------------------------------------

  get #open() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #connect() {
    clearTimeout(this.#timers.connect);
    if (this.#over || this.#socket) return;
    const url = new URL(this.#boot.socket_url, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#spread = null;
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    socket.onclose = ({ code }) => this.#socket === socket && this.#lost(code);
  }

  #connected() {
    this.#failed = 0;
    clearTimeout(this.#polling);
    this.#polling = 0;
    clearInterval(this.#timers.beat);
    this.#timers.beat = setInterval(() => this.#beat(), this.#beatMs);
    this.#timers.steady = setTimeout(() => this.#backoff.reset(), STEADY_MS);
    this.#probe(3);
    tell("socket:connected", {});
  }

  #lost(code) {
    this.#socket = null;
    clearInterval(this.#timers.beat);
    clearTimeout(this.#timers.steady);
    for (const id of [...this.#replies.keys()]) this.#lose(id);
    if (FINAL.has(code)) {
      this.#over = true;
      return;
    }
    if (code === CLOSE.RESTARTING) tell("socket:restarting", { spread: this.#spread });
    else tell("socket:lost", { code });
    this.#failed += 1;
    let wait = this.#spread === null ? this.#backoff.next() : this.#backoff.within(this.#spread);
    if (this.#failed >= FAILURES_TO_POLL) {
      wait = RETRY_WHILE_POLLING_MS * (0.5 + Math.random());
      this.#poll();
    }
    this.#timers.connect = setTimeout(() => this.#connect(), wait);
  }

  /** The tab or the device was away: measure the clock anew, and see whether the connection still lives. */
  #wake() {
    this.#clock.forget();
    if (!this.#socket) this.#connect();
    else if (this.#open) this.#check();
  }

  #check() {
    const asked = performance.now();
    this.#probe(3);
    setTimeout(() => this.#open && this.#heard < asked && this.#drop(), 5000);
  }

  #drop() {
    const socket = this.#socket;
    socket.onclose = null;
    socket.close();
    this.#lost(1006);
  }

  // Messages --------------------------------------------------------------------------------------------------------------

  #hear(message) {
    this.#heard = performance.now();
    if (message.clock) this.#clock.answer(message.clock);
    else if ("reply" in message) this.#answer(message);
    else if (message.you) tell(`you:${message.you.type}`, message.you);
    else if (message.studio) tell(`studio:${message.studio.type}`, message.studio);
    else if (message.bye) this.#bye(message.bye);
    else this.#take(message);
    // A hidden tab's timers sleep, its messages do not.
    if (this.#open && this.#heard - this.#beaten > this.#beatMs) this.#beat();
  }

  #take(message) {
    const whole = message.welcome ?? message.snapshot ?? message.resumed;
    if (whole?.beat_every) this.#beatMs = whole.beat_every * 1000;
    this.#clock.guess((whole ?? message).now);
    const news = this.#room.take(message);
    if (message.welcome && this.#socket) this.#connected();
    if (news.reset) {
      this.#wait.clear();
      tell("socket:reset", { show: whole.show });
    }
    if (whole?.you) tell("socket:you", whole.you);
    for (const event of news.events) this.#tellEvent(event, news.reset || Boolean(message.resumed));
    for (const entry of news.state) this.#tellState(entry, news.reset);
    if (news.gap && this.#open) this.#send({ type: "hello", epoch: this.#room.epoch, seq: this.#room.seq });
  }

  #tellEvent(event, replayed) {
    const mine = this.#mine.has(event.key);
    const done = () => tell(event.type, { ...event, mine, replayed });
    if (EVENTS[event.type]?.policy === "with_picture" && event.programme_at) this.#wait.until(event.programme_at, done);
    else done();
  }

  #tellState(entry, at_once) {
    const done = () => tell(`state:${entry.key.split(":")[0]}`, entry);
    if (entry.key === "pins" && entry.value.programme_at && !at_once) this.#wait.until(entry.value.programme_at, done);
    else done();
  }

  #bye({ code, message, spread }) {
    this.#spread = spread ?? null;
    if (code !== CLOSE.RESTARTING) tell("socket:refused", { code, message });
  }

  // Commands --------------------------------------------------------------------------------------------------------------

  #answer({ reply, ok, error }) {
    const asked = this.#replies.get(reply);
    if (!asked) return;
    this.#replies.delete(reply);
    clearTimeout(asked.timer);
    if (error) asked.reject(Object.assign(new Refusal(error, 0), { retry_in: error.retry_in }));
    else asked.resolve(ok);
  }

  /** No answer: what has a key is asked again over HTTP, where it finds its first answer; the rest is said to be lost. */
  #lose(id) {
    const { type, fields, resolve, reject, timer } = this.#replies.get(id);
    this.#replies.delete(id);
    clearTimeout(timer);
    if (repeatable(type, fields)) sendTwin(this.#boot.show, type, fields).then(resolve, reject);
    else reject(new Refusal(BROKEN, 0));
  }

  #remember(key) {
    this.#mine.add(key);
    if (this.#mine.size > 200) this.#mine.delete(this.#mine.values().next().value);
  }

  // Heartbeat and clock -----------------------------------------------------------------------------------------------------

  #beat() {
    if (!this.#open) return;
    const now = performance.now();
    if (now - this.#heard > 3.5 * this.#beatMs) {
      this.#drop();
      return;
    }
    this.#beaten = now;
    const programme_at = this.#programme();
    const behind_ms = programme_at === null ? null : Math.max(0, Math.round(this.serverNow() - programme_at));
    const at = programme_at === null ? null : Math.round(programme_at);
    this.#send({ type: "beat", seq: this.#room.seq, programme_at: at, behind_ms, stalls: this.#stalls, hidden: document.hidden });
    this.#stalls = 0;
    this.#probe(1);
  }

  #probe(times) {
    if (!this.#open) return;
    this.#send({ type: "clock", c0: this.#clock.start() });
    if (times > 1) setTimeout(() => this.#probe(times - 1), 250);
  }

  #send(frame) {
    this.#socket.send(JSON.stringify(frame));
  }

  // Polling ---------------------------------------------------------------------------------------------------------------

  #poll() {
    if (this.#polling) return;
    tell("socket:polling", {});
    const ask = async () => {
      const { slug } = this.#boot.show;
      const query = new URLSearchParams({ epoch: this.#room.epoch, after: this.#room.seq });
      try {
        const answer = await fetch(`${this.#boot.api}shows/${slug}/feed?${query}`);
        if (answer.ok && this.#polling) this.#take(await answer.json());
      } catch {
        // No network: the next question finds out.
      }
      if (this.#polling) this.#polling = setTimeout(ask, POLL_MS * (0.75 + Math.random() / 2));
    };
    this.#polling = setTimeout(ask, 0);
  }
}

const tell = (type, detail) => document.dispatchEvent(new CustomEvent(type, { detail }));

const deferred = () => {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

const bootText = document.getElementById("show-boot")?.textContent;

/** The page's connection, or null on pages without a show. */
export const showSocket = bootText ? new ShowSocket(JSON.parse(bootText)) : null;
showSocket?.start();
