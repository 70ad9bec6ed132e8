/*
  <stock-bar class="stock-bar" role="img" aria-label="…">…<span class="stock-bar__part" data-units="31"></span>…</stock-bar>
  Sold, held, left. Gives each part its share where the browser cannot read it from the attribute by CSS alone, and takes new figures.
*/
const READS_ATTRIBUTES = CSS.supports("flex-grow", "attr(data-units type(<number>))");

class StockBar extends HTMLElement {
  connectedCallback() {
    this.#draw();
  }

  /** `{sold, held, left, paused}` in units. */
  set({ sold, held, left, paused }) {
    this.classList.toggle("stock-bar--paused", paused);
    this.ariaLabel = `${sold} sold, ${held} in carts, ${left} left`;
    [sold, held, left].forEach((units, index) => {
      if (this.children[index]) this.children[index].dataset.units = units;
    });
    this.#draw();
  }

  #draw() {
    if (READS_ATTRIBUTES) return;
    for (const part of this.querySelectorAll("[data-units]"))
      part.style.setProperty("--units", part.dataset.units);
  }
}

customElements.define("stock-bar", StockBar);
