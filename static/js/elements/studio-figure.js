/*
  <studio-figure key="viewers" field="count">1,284</studio-figure>
  One number of the show's state, as it comes. Hears state:<key>.
*/
class StudioFigure extends HTMLElement {
  #living;

  connectedCallback() {
    this.#living = new AbortController();
    const { signal } = this.#living;
    document.addEventListener(`state:${this.getAttribute("key")}`, ({ detail }) => this.#show(detail.value), {
      signal,
    });
  }

  disconnectedCallback() {
    this.#living.abort();
  }

  #show(value) {
    const figure = value?.[this.getAttribute("field")];
    if (typeof figure === "number") this.textContent = figure.toLocaleString(document.documentElement.lang);
  }
}

customElements.define("studio-figure", StudioFigure);
