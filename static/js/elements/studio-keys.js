/*
  <studio-keys><dialog id="studio-keys">… <input type="checkbox" data-keys-on> …</dialog></studio-keys>
  Single keys for what is pressed most: a form says its key with data-key="n". They rest while a field or a dialog has the
  focus, and can be turned off; the browser remembers that.
*/
const STORED = "studio-keys";

class StudioKeys extends HTMLElement {
  #living;

  connectedCallback() {
    this.#living = new AbortController();
    const { signal } = this.#living;
    const switched = this.querySelector("[data-keys-on]");
    switched.checked = localStorage.getItem(STORED) !== "off";
    switched.addEventListener("change", () => localStorage.setItem(STORED, switched.checked ? "on" : "off"), {
      signal,
    });
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal });
  }

  disconnectedCallback() {
    this.#living.abort();
  }

  #rests(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return true;
    if (document.querySelector("dialog[open]") || event.target.isContentEditable) return true;
    const field = event.target.closest?.("input, textarea, select");
    return field !== null && field?.type !== "radio";
  }

  #pressed(event) {
    if (this.#rests(event)) return;
    if (event.key === "?") {
      this.querySelector("dialog").showModal();
      return;
    }
    if (!this.querySelector("[data-keys-on]").checked) return;
    const forms = document.querySelectorAll(`form[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    const button = [...forms]
      .map((form) => form.querySelector("button:enabled"))
      .find((one) => one?.checkVisibility());
    if (!button) return;
    event.preventDefault();
    button.form.requestSubmit(button);
  }
}

customElements.define("studio-keys", StudioKeys);
