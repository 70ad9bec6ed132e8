/**
 * The show's live connection: one socket, or polling when there is none, and the same news from both.
 *
 * Tells, as events on `document` with the payload as `detail`: every event by its type ("message.posted", with `mine` and
 * `replayed`), "state:<prefix>" {key, version, value}, "you:<type>", "studio:<type>", "socket:you" (who you are, your holds),
 * "socket:reset" {show} (draw anew, what follows is everything), "socket:connected", "socket:lost" {code}, "socket:polling",
 * "socket:refused" {code, message}, "socket:restarting" {spread}.
 */
import { ServerClock } from "lib/clock";
import { Commands } from "lib/commands";
import { FAILURES_TO_POLL, Link } from "lib/link";
import { isAhead, PictureWait } from "lib/picture-wait";
import { Polling } from "lib/polling";
import { RoomState } from "lib/room-state";
import { setServerClock } from "lib/server-time";
import { CLOSE, EVENTS } from "protocol";

const PROBE_MS = 250;
const KEYS_KEPT = 200;

const tell = (type, detail) => document.dispatchEvent(new CustomEvent(type, { detail }));

export class ShowSocket {
  #link;
  #polling;
  #commands;
  #room;
  #clock = new ServerClock();
  #wait;
  #programme = () => document.querySelector("show-player")?.programme?.() ?? null;
  #mine = new Set();
  #beating = 0;
  #beaten = 0;
  #beatMs = 10_000;
  #stalls = 0;

  /** `boot`: {show: {id, slug}, socket_url, api, now?, epoch?, seq?}. */
  constructor(boot) {
    const { slug } = boot.show;
    this.#room = new RoomState({ epoch: boot.epoch, seq: boot.seq });
    this.#commands = new Commands(boot.show);
    this.#wait = new PictureWait(() => this.#programme());
    this.#link = new Link(boot.socket_url, {
      hear: (message) => this.#hear(message),
      down: (loss) => this.#down(loss),
    });
    this.#polling = new Polling(`${boot.api}shows/${slug}/feed`, {
      ask: () => ({ epoch: this.#room.epoch, after: this.#room.seq, ...this.#told() }),
      hear: (message) => this.#take(message),
      refused: ({ message }) => {
        this.#link.end();
        this.#bye({ code: CLOSE.BANNED, message });
      },
    });
    if (boot.now) this.#clock.guess(boot.now + performance.now());
    setServerClock(() => this.#clock.now());
  }

  start() {
    const wake = () => {
      this.#clock.forget();
      this.#link.wake(() => this.#probe(3));
    };
    this.#link.connect();
    document.addEventListener("visibilitychange", () => !document.hidden && wake());
    document.addEventListener("player:stalled", () => {
      this.#stalls += 1;
    });
    addEventListener("pageshow", ({ persisted }) => persisted && wake());
    addEventListener("online", wake);
  }

  /** The server's time in ms. */
  serverNow() {
    return this.#clock.now();
  }

  /** The latest value of a state key. */
  state(key) {
    return this.#room.value(key);
  }

  /** Say who tells the time of the viewer's picture, in ms or null. */
  programmeFrom(programme) {
    this.#programme = programme;
  }

  /** Send a command; its answer, or a `Refusal`. Over HTTP when the socket is not there. */
  async command(type, fields = {}) {
    if (type === "message.post") this.#remember(fields.key);
    return this.#commands.ask(type, fields, this.#link.isOpen ? (frame) => this.#link.send(frame) : null);
  }

  // Messages --------------------------------------------------------------------------------------------------------------

  #hear(message) {
    if (message.clock) this.#clock.answer(message.clock);
    else if ("reply" in message) this.#commands.answer(message);
    else if (message.bye) this.#bye(message.bye);
    else if (message.studio) tell(`studio:${message.studio.type}`, message.studio);
    else if (message.you) tell(`you:${message.you.type}`, message.you);
    else this.#take(message);
    // A hidden tab's timers sleep, its messages do not.
    if (this.#link.isOpen && performance.now() - this.#beaten > this.#beatMs) this.#beat();
  }

  #take(message) {
    const whole = message.welcome ?? message.snapshot ?? message.resumed;
    if (whole?.beat_every) this.#beatMs = whole.beat_every * 1000;
    this.#clock.guess((whole ?? message).now);
    const news = this.#room.take(message);
    if (message.welcome) this.#up();
    if (news.reset) {
      this.#wait.clear();
      tell("socket:reset", { show: whole.show });
    }
    if (whole?.you) tell("socket:you", whole.you);
    for (const event of news.events) this.#tellEvent(event, news.reset || Boolean(message.resumed));
    for (const entry of news.state) this.#tellState(entry, news.reset);
    if (news.gap && this.#link.isOpen)
      this.#link.send({ type: "hello", epoch: this.#room.epoch, seq: this.#room.seq });
  }

  #tellEvent(event, replayed) {
    const done = () => tell(event.type, { ...event, mine: this.#mine.has(event.key), replayed });
    const waits = EVENTS[event.type]?.policy === "with_picture" && event.programme_at && !replayed;
    if (waits) this.#wait.until(event.programme_at, done);
    else done();
  }

  #tellState(entry, replayed) {
    const done = () => tell(`state:${entry.key.split(":")[0]}`, entry);
    if (!replayed && isAhead(entry, this.#programme())) this.#wait.until(entry.value.programme_at, done);
    else done();
  }

  #remember(key) {
    this.#mine.add(key);
    if (this.#mine.size > KEYS_KEPT) this.#mine.delete(this.#mine.values().next().value);
  }

  // Up and down -----------------------------------------------------------------------------------------------------------

  #up() {
    this.#link.welcome();
    this.#polling.stop();
    clearInterval(this.#beating);
    this.#beating = setInterval(() => this.#beat(), this.#beatMs);
    this.#probe(3);
    tell("socket:connected", {});
  }

  #down({ code, spread, failed }) {
    clearInterval(this.#beating);
    this.#commands.loseAll();
    if (code === CLOSE.RESTARTING) tell("socket:restarting", { spread });
    else tell("socket:lost", { code });
    if (failed >= FAILURES_TO_POLL && !this.#polling.isOn) {
      this.#polling.start();
      tell("socket:polling", {});
    }
  }

  #bye({ code, message }) {
    if (code !== CLOSE.RESTARTING) tell("socket:refused", { code, message });
  }

  #beat() {
    if (!this.#link.isOpen) return;
    this.#beaten = performance.now();
    if (this.#beaten - this.#link.heardAt > 3.5 * this.#beatMs) {
      this.#link.drop();
      return;
    }
    this.#link.send({ type: "beat", seq: this.#room.seq, ...this.#told() });
    this.#probe(1);
  }

  /** How the picture runs, since it was told last. */
  #told() {
    const picture = this.#programme();
    const told = { stalls: this.#stalls, hidden: document.hidden };
    if (picture !== null) told.behind_ms = Math.max(0, Math.round(this.serverNow() - picture));
    this.#stalls = 0;
    return told;
  }

  #probe(times) {
    if (!this.#link.isOpen) return;
    this.#link.send({ type: "clock", c0: this.#clock.start() });
    if (times > 1) setTimeout(() => this.#probe(times - 1), PROBE_MS);
  }
}

const boot = document.getElementById("show-boot")?.textContent;

/** The page's connection, or null on pages without a show. The page's entry module starts it, once all who hear it are there. */
export const showSocket = boot ? new ShowSocket(JSON.parse(boot)) : null;
