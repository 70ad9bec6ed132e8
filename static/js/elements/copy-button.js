/*
  <copy-button text="rtmp://…"><button type="button" aria-label="Copy the server">…</button></copy-button>
  Copies a text and says so.
*/
import { tell } from "lib/studio-press";

class CopyButton extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this.#copy);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#copy);
  }

  #copy = async () => {
    try {
      await navigator.clipboard.writeText(this.getAttribute("text"));
      tell("Copied.");
    } catch {
      tell("The browser does not let us copy. Select the text and copy it by hand.", { fault: true });
    }
  };
}

customElements.define("copy-button", CopyButton);
