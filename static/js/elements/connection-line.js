/*
  <connection-line></connection-line>: one calm line while there is no way to the server; it goes by itself.
  Hears socket:lost, socket:restarting, socket:connected, socket:polling and socket:refused {message}.
*/
import { cloneOf, slot } from "lib/html";

// Most connections are back before anyone would have read the line.
const PATIENCE_MS = 2500;

class ConnectionLine extends HTMLElement {
  #listening;
  #patience = 0;
  #said = false;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const hear = (type, act) => document.addEventListener(type, ({ detail }) => act(detail), { signal });
    for (const type of ["socket:lost", "socket:restarting"]) hear(type, () => this.#wait());
    for (const type of ["socket:connected", "socket:polling"]) hear(type, () => this.#clear());
    hear("socket:refused", ({ message }) => this.#tell(message));
  }

  disconnectedCallback() {
    this.#listening.abort();
    clearTimeout(this.#patience);
  }

  #wait() {
    // What the server said on its way out counts more than that it is gone.
    if (this.#said) return;
    this.#patience ||= setTimeout(() => this.#tell(""), PATIENCE_MS);
  }

  #clear() {
    clearTimeout(this.#patience);
    this.#patience = 0;
    this.#said = false;
    this.replaceChildren();
  }

  #tell(words) {
    const line = cloneOf("connection-template");
    this.#said = words !== "";
    if (words) slot(line, "words").textContent = words;
    this.replaceChildren(line);
  }
}

customElements.define("connection-line", ConnectionLine);
