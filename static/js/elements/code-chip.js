/*
  <code-chip data-claimed="TABLE4"><div class="code-chip">… <button>Apply</button></div></code-chip>: templates/watch/_code_chip.html
  The code that the host dropped last, from the moment the viewer's own picture gets there. One tap puts it into the bag.
  Hears state:code, socket:reset and code:changed {code}. Tells code:changed {code} on document.
*/
import { announce } from "lib/announce";
import { everyBeat } from "lib/countdown";
import { say, slot } from "lib/html";
import { serverNow } from "lib/server-time";
import { showSocket } from "show-socket";

const isOver = ({ over, ends_at }) => over || (ends_at !== null && ends_at <= serverNow());

const leftWords = (code, applied, problem) => {
  if (problem) return problem;
  if (applied) return "in your bag";
  if (isOver(code)) return "is over";
  return code.left ? `${code.left} of ${code.uses} left` : "used up";
};

class CodeChip extends HTMLElement {
  #listening;
  #codes = new Map();
  #shown = "";
  #problem = "";

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const hear = (type, act) => document.addEventListener(type, ({ detail }) => act(detail), { signal });
    hear("state:code", ({ value }) => this.#hear(value));
    hear("socket:reset", () => this.#codes.clear());
    hear("code:changed", ({ code }) => this.#claim(code));
    slot(this, "apply").addEventListener("click", () => this.#apply(), { signal });
    everyBeat(() => this.#render(), signal);
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  #hear(code) {
    const isNew = !this.#codes.has(code.id);
    // Who comes after its end never hears of it.
    if (isNew && isOver(code)) return;
    this.#codes.set(code.id, code);
    if (isNew) this.#problem = "";
    if (isNew) announce(`Discount code ${code.text}: ${code.offer}.`);
    this.#render();
  }

  #claim(code) {
    this.dataset.claimed = code;
    this.#problem = "";
    this.#render();
  }

  async #apply() {
    const code = this.#latest();
    const button = slot(this, "apply");
    if (!code || button.ariaBusy) return;
    button.ariaBusy = "true";
    try {
      const { offer } = await showSocket.command("code.claim", { code: code.text });
      announce(`${code.text} is in your bag: ${offer}.`);
      document.dispatchEvent(new CustomEvent("code:changed", { detail: { code: code.text } }));
    } catch (refusal) {
      this.#problem = refusal.message;
      announce(refusal.message);
    } finally {
      button.ariaBusy = null;
      this.#render();
    }
  }

  #latest() {
    return [...this.#codes.values()].sort((a, b) => b.programme_at - a.programme_at || b.id - a.id)[0];
  }

  #render() {
    const code = this.#latest();
    const applied = code?.text === this.dataset.claimed;
    const left = code ? leftWords(code, applied, this.#problem) : "";
    if (`${code?.text} ${left}` === this.#shown) return;
    this.#shown = `${code?.text} ${left}`;
    slot(this, "chip").hidden = !code;
    if (!code) return;
    say(this, "code", code.text);
    say(this, "offer", code.offer);
    say(this, "left", left);
    slot(this, "chip").classList.toggle("code-chip--applied", applied);
    slot(this, "check").hidden = !applied;
    slot(this, "tag").hidden = applied;
    slot(this, "apply").hidden = applied || isOver(code) || !code.left;
  }
}

customElements.define("code-chip", CodeChip);
