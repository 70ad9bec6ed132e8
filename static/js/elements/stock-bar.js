/*
  <stock-bar class="stock-bar">…<span class="stock-bar__part" data-units="31"></span>…</stock-bar>
  Gives each part its share where the browser cannot read it from the attribute by CSS alone.
*/
class StockBar extends HTMLElement {
  connectedCallback() {
    for (const part of this.querySelectorAll("[data-units]")) part.style.setProperty("--units", part.dataset.units);
  }
}

if (!CSS.supports("flex-grow", "attr(data-units type(<number>))")) customElements.define("stock-bar", StockBar);
