/*
  <product-options>…<a class="chip" href="?variant=31">280 ml</a>…</product-options>
  Choosing an option swaps the price, the stock and the form in place; a busy or failed answer falls back to the link itself.
*/
const SWAPPED = ["product-options", ".buy-dock"];

class ProductOptions extends HTMLElement {
  #listening;

  connectedCallback() {
    this.#listening = new AbortController();
    this.addEventListener("click", (event) => this.#choose(event), { signal: this.#listening.signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  async #choose(event) {
    const chip = event.target.closest("a.chip");
    if (!chip || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const said = chip.dataset.value;
    try {
      const answer = await fetch(chip.href, { signal: this.#listening.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      this.#swap(new DOMParser().parseFromString(await answer.text(), "text/html"), said);
      history.replaceState(null, "", chip.href);
    } catch {
      location.assign(chip.href);
    }
  }

  #swap(page, said) {
    for (const part of SWAPPED) {
      const fresh = page.querySelector(part);
      const old = document.querySelector(part);
      if (fresh && old) old.replaceWith(document.adoptNode(fresh));
    }
    const chips = document.querySelectorAll("product-options a.chip");
    [...chips].find((chip) => chip.dataset.value === said)?.focus();
  }
}

customElements.define("product-options", ProductOptions);
