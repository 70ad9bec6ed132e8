/*
  <chat-composer><form><input name="text"> <span data-slot="wait"> <button></form></chat-composer>
  Sends what the viewer writes. It shows at once (chat:saying); when it is refused it goes back into the field and the reason is told.
  After "not so fast" the button waits for as long as the server says.
*/
import { clockText, everyBeat, secondsLeft } from "lib/countdown";
import { say } from "lib/html";
import { serverNow } from "lib/server-time";
import { showSocket } from "show-socket";

const narrow = matchMedia("(width < 64rem)");

class ChatComposer extends HTMLElement {
  #listening;
  #free = 0;
  #silent = false;
  #programme = null;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const { show, you } = JSON.parse(document.getElementById("show-boot").textContent);
    this.you = you;
    this.addEventListener("submit", (event) => this.#send(event), { signal });
    this.addEventListener("input", () => this.#silent || say(this, "problem", ""), { signal });
    for (const type of ["focusin", "focusout"])
      this.addEventListener(type, () => this.#makeRoom(), { signal });
    document.addEventListener(
      "player:tick",
      ({ detail }) => {
        this.#programme = detail.programmeMs;
      },
      { signal },
    );
    this.#mute(you.muted);
    document.addEventListener("socket:you", ({ detail }) => this.#mute(detail.muted), { signal });
    for (const type of ["you:viewer.muted", "you:viewer.unmuted"])
      document.addEventListener(type, ({ detail }) => detail.show === show.id && this.#mute(detail), {
        signal,
      });
    everyBeat(() => this.#wait(), signal);
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  get #field() {
    return this.querySelector("input");
  }

  get #button() {
    return this.querySelector("button");
  }

  /** On a phone the keyboard takes half the screen: what is for sale folds to a line meanwhile. */
  #makeRoom() {
    const writing = narrow.matches && this.#field.matches(":focus");
    this.closest("show-stage").classList.toggle("theatre--writing", writing);
  }

  async #send(event) {
    event.preventDefault();
    const text = this.#field.value.trim();
    if (!text || this.#button.ariaDisabled === "true") return;
    const key = crypto.randomUUID();
    this.#field.value = "";
    this.#tell("chat:saying", { key, text, author: { name: this.you.name, role: this.you.role } });
    try {
      await showSocket.command("message.post", {
        text,
        key,
        ...(this.#programme ? { seen_at: Math.round(this.#programme) } : {}),
      });
    } catch (refusal) {
      this.#refused(refusal, key, text);
    }
  }

  #refused(refusal, key, text) {
    this.#tell("chat:unsaid", { key });
    if (!this.#field.value) this.#field.value = text;
    say(this, "problem", refusal.message);
    if (refusal.retry_in) this.#free = serverNow() + refusal.retry_in * 1000;
    this.#wait();
  }

  /** The team asks for silence `until` a moment; without one it is over. */
  #mute(muted) {
    if (!muted?.until && !this.#silent) return;
    this.#silent = Boolean(muted?.until);
    this.#free = muted?.until ?? 0;
    const why = muted?.reason ? `: ${muted.reason}` : "";
    say(
      this,
      "problem",
      this.#silent ? `You cannot write here for now${why}. You can still watch and buy.` : "",
    );
    this.#wait();
  }

  #wait() {
    const left = this.#free ? secondsLeft(this.#free, serverNow()) : 0;
    say(this, "wait", left ? `next in ${clockText(left)}` : "");
    if ((this.#button.ariaDisabled === "true") !== Boolean(left))
      this.#button.ariaDisabled = left ? "true" : null;
    if (!left) this.#free = 0;
  }

  #tell(type, detail) {
    document.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

customElements.define("chat-composer", ChatComposer);
