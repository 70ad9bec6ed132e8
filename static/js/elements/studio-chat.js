/*
  <studio-chat started="1795287600000"><div data-slot="log">…</div> <form data-slot="composer">…</form></studio-chat>
  The show's chat with what the team may do about it. ↑ ↓ choose a message, M mutes its writer, Del deletes it.
  Hears message.posted and message.deleted.
*/
import { clockText } from "lib/countdown";
import { slot } from "lib/html";
import { serverNow } from "lib/server-time";
import { messageActs, messageRow } from "lib/studio-message";
import { actAddress, press, tell } from "lib/studio-press";

const MOST_SHOWN = 200;
const NEAR_END = 60;

class StudioChat extends HTMLElement {
  #living;
  #acts = null;

  connectedCallback() {
    this.#living = new AbortController();
    const { signal } = this.#living;
    document.addEventListener("message.posted", ({ detail }) => this.#posted(detail), { signal });
    document.addEventListener("message.deleted", ({ detail }) => this.#deleted(detail), { signal });
    this.#log.addEventListener("click", (event) => this.#choose(event.target.closest(".message")), {
      signal,
    });
    this.#log.addEventListener("keydown", (event) => this.#key(event), { signal });
    document.addEventListener("keydown", (event) => this.#fromAnywhere(event), { signal });
    slot(this, "composer").addEventListener("submit", (event) => this.#say(event), { signal });
    const beat = setInterval(() => this.#showRate(), 5000);
    signal.addEventListener("abort", () => clearInterval(beat));
    this.#toEnd();
    this.#showRate();
  }

  disconnectedCallback() {
    this.#living.abort();
  }

  get #log() {
    return slot(this, "log");
  }

  get #chosen() {
    return this.querySelector(".message--chosen");
  }

  // Actions

  async #say(event) {
    event.preventDefault();
    const form = event.target;
    const field = form.elements.text;
    if (!field.value.trim()) return;
    // A second try of the same words is the same message.
    field.dataset.key ||= crypto.randomUUID();
    try {
      await press(form.action, { text: field.value, key: field.dataset.key });
      field.value = "";
      delete field.dataset.key;
    } catch (error) {
      tell(error.message, { fault: true });
    }
  }

  async #act(act, fields) {
    try {
      const { done, undo } = await press(actAddress(act), fields);
      tell(done, { undo });
      document.dispatchEvent(new CustomEvent("studio:acted", { detail: { act } }));
    } catch (error) {
      tell(error.message, { fault: true });
    }
  }

  #delete(message) {
    this.#act("delete", { message: message.dataset.id });
  }

  #mute(message) {
    this.#act("mute", { viewer: message.dataset.author });
  }

  #choose(message) {
    if (!message || message === this.#chosen || message.classList.contains("message--removed")) return;
    this.#unchoose();
    message.classList.add("message--chosen");
    this.#acts = messageActs({
      mute: () => this.#mute(message),
      ban: () => this.#act("ban", { viewer: message.dataset.author }),
      remove: () => this.#delete(message),
    });
    message.querySelector(".message__body").append(this.#acts);
    message.scrollIntoView({ block: "nearest" });
  }

  #unchoose() {
    this.#chosen?.classList.remove("message--chosen");
    this.#acts?.remove();
    this.#acts = null;
  }

  // Events

  #posted({ id, author, text, at, deleted }) {
    if (deleted || this.querySelector(`[data-id="${id}"]:not(.message--removed)`)) return;
    this.querySelector(`[data-id="${id}"]`)?.remove();
    const follow = this.#nearEnd();
    const moment = at ?? serverNow();
    this.#log.append(messageRow({ id, author, text, at: moment, clock: this.#clock(moment) }));
    while (this.#log.children.length > MOST_SHOWN) this.#log.firstElementChild.remove();
    if (follow) this.#toEnd();
  }

  #deleted({ id }) {
    const message = this.querySelector(`[data-id="${id}"]`);
    if (!message) return;
    if (message === this.#chosen) this.#unchoose();
    message.className = "message message--removed";
    message.querySelector(".message__body").textContent = "Removed by the team.";
  }

  #key(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step) {
      event.preventDefault();
      const there = [...this.#log.querySelectorAll(".message:not(.message--removed)")];
      const at = there.indexOf(this.#chosen);
      this.#choose(at < 0 ? there.at(-1) : there[at + step]);
    } else if (event.key === "Escape") {
      this.#unchoose();
    }
  }

  #fromAnywhere(event) {
    const typing = event.target.closest?.("input, textarea, select, dialog");
    const off = !document.querySelector("[data-keys-on]")?.checked;
    if (
      typing ||
      off ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      event.repeat ||
      !this.checkVisibility()
    )
      return;
    if (event.key.startsWith("Arrow") && !event.target.closest?.(".rundown")) this.#key(event);
    if (!this.#chosen) return;
    if (event.key === "Delete") this.#delete(this.#chosen);
    if (event.key.toLowerCase() === "m") this.#mute(this.#chosen);
  }

  // Render

  #clock(at) {
    const started = Number(this.getAttribute("started"));
    return started ? clockText(Math.max(0, Math.floor((at - started) / 1000))) : "";
  }

  #showRate() {
    const since = serverNow() - 60_000;
    const count = [...this.querySelectorAll("[data-at]")].filter(
      ({ dataset }) => Number(dataset.at) > since,
    ).length;
    slot(this, "rate").textContent = count ? `${count}${count >= MOST_SHOWN ? "+" : ""} a minute` : "";
  }

  #nearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  #toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }
}

customElements.define("studio-chat", StudioChat);
