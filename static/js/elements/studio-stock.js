/*
  <studio-stock drop="12" units="80"><stock-bar …></stock-bar> <dd data-slot="sold">31</dd> …</studio-stock>
  A drop's units in three parts and a queue, from the state `stock:<drop>`. Hears state:stock.
*/
import { say, slot } from "lib/html";

class StudioStock extends HTMLElement {
  #living;

  connectedCallback() {
    this.#living = new AbortController();
    const { signal } = this.#living;
    document.addEventListener("state:stock", ({ detail }) => this.#heard(detail), { signal });
  }

  disconnectedCallback() {
    this.#living.abort();
  }

  #heard({ key, value }) {
    if (key !== `stock:${this.getAttribute("drop")}`) return;
    const bar = this.querySelector("stock-bar");
    bar.set({ ...value, paused: bar.classList.contains("stock-bar--paused") });
    for (const name of ["sold", "held", "left"]) say(this, name, value[name]);
    slot(this, "queue").textContent = value.queue ?? 0;
    const back = this.querySelector('[data-with="back"]');
    if (!back) return;
    back.hidden = !value.back_at;
    if (value.back_at) back.querySelector("count-down").set({ until: value.back_at });
  }
}

customElements.define("studio-stock", StudioStock);
