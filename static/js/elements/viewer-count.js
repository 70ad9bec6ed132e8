/*
  <viewer-count><span data-slot="live">LIVE</span> <span data-slot="viewers">1,284</span></viewer-count>
  How many watch. Hears state:viewers and state:show; the word LIVE is only there while the picture is.
*/
import { slot } from "lib/html";
import { grouped } from "lib/money-format";

class ViewerCount extends HTMLElement {
  #listening;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    document.addEventListener(
      "state:viewers",
      ({ detail }) => {
        slot(this, "viewers").textContent = grouped(detail.value.count);
      },
      { signal },
    );
    document.addEventListener("state:show", ({ detail }) => this.#move(detail.value.state), { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  #move(state) {
    this.hidden = state !== "live" && state !== "interrupted";
    slot(this, "live").hidden = state !== "live";
  }
}

customElements.define("viewer-count", ViewerCount);
