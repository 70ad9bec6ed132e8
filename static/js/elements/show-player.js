/*
  <show-player src="/live/winter-table/live.m3u8" data-live="yes"><video playsinline muted></video></show-player>
  Plays the show muted at once; one tap gives sound. Without a source it waits for the show to begin.
  Hears state:show {value: {state, playback_url}}, player:seek {programmeMs}. Tells, on document: player:tick {programmeMs,
  behindMs} four times a second, player:state {state, muted} (loading, playing, paused, stalled, blocked, ended, failed),
  player:stalled.
*/
import { openPicture } from "lib/picture-engine";
import { middleButton, soundButton } from "lib/player-buttons";
import { PlayerRecovery } from "lib/player-recovery";
import { placeOf, programmeOf } from "lib/programme";
import { serverNow } from "lib/server-time";

const TICK_MS = 250;
// Closer to the edge than this counts as watching live.
const NEAR_EDGE_SECONDS = 10;

class ShowPlayer extends HTMLElement {
  #video;
  #engine = null;
  #opening = 0;
  #recovery = new PlayerRecovery();
  #alive;
  #timer = 0;
  #retry = 0;
  #state = "";
  #at = 0;
  #wanted = null;

  connectedCallback() {
    this.#video = this.querySelector("video");
    this.#alive = new AbortController();
    const { signal } = this.#alive;
    const on = (type, act) => this.#video.addEventListener(type, act, { signal });
    on("playing", () => this.#say("playing"));
    on("pause", () => this.#say(this.#video.ended ? "ended" : "paused"));
    on("ended", () => this.#say("ended"));
    on("waiting", () => this.#say("stalled"));
    document.addEventListener("state:show", ({ detail }) => this.#follow(detail.value), { signal });
    document.addEventListener("player:seek", ({ detail }) => this.seekProgramme(detail.programmeMs), {
      signal,
    });
    document.addEventListener("visibilitychange", () => !document.hidden && this.#wake(), { signal });
    addEventListener("online", () => this.#wake(), { signal });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.append(soundButton(this.#video, { turned: () => this.#play(), signal }));
    this.#open();
  }

  disconnectedCallback() {
    this.#alive.abort();
    clearInterval(this.#timer);
    this.#close();
    for (const button of this.querySelectorAll(".player-sound, .player-again")) button.remove();
  }

  // What the page may ask for

  /** The moment of the picture on this screen, in ms, or null. */
  programme() {
    return this.#engine ? programmeOf(this.#video, this.#engine, serverNow()) : null;
  }

  /** How long after the host's own moment this picture is, in ms, or null. */
  behindMs() {
    const at = this.programme();
    return at === null || !this.#live ? null : Math.max(0, serverNow() - at);
  }

  goLive() {
    const edge = this.#engine?.edge();
    if (Number.isFinite(edge)) this.#video.currentTime = edge;
    this.#play();
  }

  /** Show the moment of the programme; remembered until the list that holds it is there. */
  seekProgramme(moment) {
    const place = placeOf(moment, this.#engine?.fragments() ?? []);
    this.#wanted = place === null ? moment : null;
    if (place !== null) this.#video.currentTime = place;
    this.#play();
  }

  // Opening and closing

  get #live() {
    return this.dataset.live === "yes";
  }

  get #src() {
    return this.getAttribute("src") ?? "";
  }

  async #open({ native = false } = {}) {
    this.#close();
    if (!this.#src) return;
    const turn = this.#opening;
    this.#say("loading");
    const engine = await openPicture(this.#video, this.#src, {
      live: this.#live,
      native,
      tell: (kind) => turn === this.#opening && this.#hear(kind),
    });
    if (turn !== this.#opening) engine.close();
    else this.#engine = engine;
    this.#play();
  }

  #close() {
    this.#opening += 1;
    clearTimeout(this.#retry);
    this.#engine?.close();
    this.#engine = null;
  }

  async #play() {
    if (!this.#engine) return;
    try {
      await this.#video.play();
    } catch (reason) {
      // Sound is never taken without a tap; a muted picture may still be held back to save power.
      if (reason.name === "NotAllowedError") this.#offer("Play", "blocked");
    }
  }

  /** The show moved: begin when it goes live, rest when it is over. */
  #follow({ state, playback_url: src }) {
    const live = state === "live" || state === "interrupted";
    if (!src || (src === this.#src && live === this.#live)) return;
    // Somebody who watches to the end is not thrown back to its beginning.
    if (this.#live && !live) return;
    this.dataset.live = live ? "yes" : "no";
    this.setAttribute("src", src);
    this.#open();
  }

  // Trouble

  #hear(kind) {
    if (kind === "playing") this.#recovery.healthy();
    else if (kind === "stalled") document.dispatchEvent(new CustomEvent("player:stalled"));
    else this.#act(this.#recovery[kind](performance.now()));
  }

  #act(decision) {
    if (!decision) return;
    clearTimeout(this.#retry);
    const acts = {
      reload: () => this.#engine?.reload(),
      recover: () => this.#engine?.recover(),
      rebuild: () => this.#open(),
      native: () => this.#open({ native: true }),
      jump: () => this.goLive(),
      fail: () => this.#offer("Try the picture again", "failed"),
    };
    this.#retry = setTimeout(acts[decision.act], decision.after);
  }

  #wake() {
    if (!this.#engine) return;
    this.#act(
      this.#recovery.woke({ behind: this.behindMs() ?? 0, wasLive: this.#live && !this.#video.paused }),
    );
  }

  // Ticking and telling

  #tick() {
    const { currentTime, paused, ended } = this.#video;
    const programmeMs = this.programme();
    if (programmeMs !== null && this.#wanted !== null) this.seekProgramme(this.#wanted);
    this.#tell("player:tick", { programmeMs, behindMs: this.behindMs(), currentTime });
    const moved = currentTime !== this.#at || paused || ended;
    this.#at = currentTime;
    if (!this.#live || !this.#engine) return;
    const ahead = ((this.#engine.edge() ?? currentTime) - currentTime) * 1000;
    this.#act(this.#recovery.watch({ moved, ahead, now: performance.now() }));
    this.dataset.edge = ahead < NEAR_EDGE_SECONDS * 1000 ? "yes" : "no";
  }

  #say(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.dataset.playing = state;
    if (state === "playing") this.querySelector(".player-again")?.remove();
    this.#tell("player:state", { state, muted: this.#video.muted });
  }

  #tell(type, detail) {
    document.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #offer(words, state) {
    this.#say(state);
    this.querySelector(".player-again")?.remove();
    this.append(middleButton(words, () => (state === "failed" ? this.#open() : this.#play())));
  }
}

customElements.define("show-player", ShowPlayer);
