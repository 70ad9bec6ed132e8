/*
  <chat-log role="log" aria-live="polite"><div class="chat-panel" aria-live="off">…</div><p data-slot="read"></p></chat-log>
  What is said in the show. Hears message.posted, message.deleted, chat:saying {key, text} and chat:unsaid {key} (the viewer's own words,
  shown at once and once). Follows the newest unless the reader has scrolled up. At most one line in three seconds is read aloud.
*/
import { cloneOf, slot } from "lib/html";

const MOST_SHOWN = 150;
const READ_EVERY_MS = 3000;
const NEAR_END_PX = 48;
const KINDS = ["viewer", "host", "moderator"];
const still = matchMedia("(prefers-reduced-motion: reduce)");

class ChatLog extends HTMLElement {
  #listening;
  #reading = 0;
  #unread = null;
  #following = true;
  #at = 0;
  #due = 0;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const hear = (type, act) => document.addEventListener(type, (event) => act(event.detail), { signal });
    hear("message.posted", (message) => this.#posted(message));
    hear("message.deleted", (message) => this.#removed(message));
    hear("chat:saying", (message) => this.#posted({ ...message, waiting: true }));
    hear("chat:unsaid", ({ key }) => this.#byKey(key)?.remove());
    this.#list.addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
    this.#follow("instant");
  }

  disconnectedCallback() {
    this.#listening.abort();
    clearTimeout(this.#reading);
    cancelAnimationFrame(this.#due);
    this.#due = 0;
  }

  get #list() {
    return this.firstElementChild;
  }

  #byKey(key) {
    return key ? this.#list.querySelector(`[data-key="${CSS.escape(key)}"]`) : null;
  }

  #posted({ id, key, author, text, waiting, deleted }) {
    const there = id && this.#list.querySelector(`[data-id="${id}"]`);
    if (deleted || (there && !there.classList.contains("message--removed"))) return;
    // A removal was undone: the message comes anew, and its place is free.
    there?.remove();
    const mine = this.#byKey(key);
    const message = this.#message({ id, key, author, text, waiting });
    if (mine) mine.replaceWith(message);
    else this.#list.append(message);
    slot(this, "empty")?.remove();
    while (this.#list.children.length > MOST_SHOWN) this.#forgetFirst();
    if (waiting) this.#following = true;
    this.#follow();
    if (!mine && !waiting) this.#read(`${author.name}: ${text}`);
  }

  /** The browser may scroll to keep its place, which is no scrolling up of the reader's. */
  #forgetFirst() {
    this.#list.firstElementChild.remove();
    this.#at = 0;
  }

  #message({ id, key, author, text, waiting }) {
    const kind = KINDS.includes(author.role) ? author.role : "viewer";
    const message = cloneOf(`message-${kind}`);
    slot(message, "name").textContent = author.name;
    slot(message, "text").textContent = text;
    message.dataset.key = key ?? "";
    if (id) message.dataset.id = id;
    message.classList.toggle("message--waiting", Boolean(waiting));
    return message;
  }

  #removed({ id }) {
    const message = this.#list.querySelector(`[data-id="${id}"]`);
    if (!message) return;
    const left = cloneOf("message-removed");
    left.dataset.id = id;
    message.replaceWith(left);
  }

  /** Read the newest line, and while many come only the newest of three seconds. */
  #read(line) {
    this.#unread = line;
    if (this.#reading) return;
    const next = () => {
      this.#reading = 0;
      if (this.#unread === null) return;
      slot(this, "read").textContent = this.#unread;
      this.#unread = null;
      this.#reading = setTimeout(next, READ_EVERY_MS);
    };
    next();
  }

  /** Only the reader scrolls up; lines that arrive make the way to the end longer, which is no sign of anything. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (near || scrollTop < this.#at) this.#following = near;
    this.#at = scrollTop;
  }

  /** Go to the end once a frame: asking where it is makes the browser lay out the page. Lines that arrive slide in. */
  #follow(behavior = still.matches ? "instant" : "smooth") {
    this.#due ||= requestAnimationFrame(() => {
      this.#due = 0;
      if (this.#following) this.#list.scrollTo({ top: this.#list.scrollHeight, behavior });
    });
  }
}

customElements.define("chat-log", ChatLog);
