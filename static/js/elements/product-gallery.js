/*
  <product-gallery><div class="gallery__main"><img …><span class="gallery__count">1 of 5</span></div>
    <div class="gallery__thumbs"><a class="gallery__thumb" href="picture.webp" aria-current="true">…</a>…</div></product-gallery>
  Shows the picture of a thumb in the big frame. Without it a thumb is a link to its picture. Arrow keys walk the thumbs.
*/
class ProductGallery extends HTMLElement {
  #listening;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.addEventListener("click", (event) => this.#choose(event), { signal });
    this.addEventListener("keydown", (event) => this.#walk(event), { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  get #thumbs() {
    return [...this.querySelectorAll(".gallery__thumb")];
  }

  #choose(event) {
    const thumb = event.target.closest(".gallery__thumb");
    if (!thumb || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#show(thumb);
  }

  #walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = this.#thumbs.indexOf(event.target.closest(".gallery__thumb"));
    const next = this.#thumbs[at + step];
    if (!step || at < 0 || !next) return;
    event.preventDefault();
    next.focus();
    this.#show(next);
  }

  #show(thumb) {
    const picture = this.querySelector(".gallery__main img");
    picture.src = thumb.href;
    picture.alt = thumb.querySelector("img").alt;
    this.querySelector(".gallery__count").textContent =
      `${this.#thumbs.indexOf(thumb) + 1} of ${this.#thumbs.length}`;
    for (const other of this.#thumbs) {
      if (other === thumb) other.setAttribute("aria-current", "true");
      else other.removeAttribute("aria-current");
    }
  }
}

customElements.define("product-gallery", ProductGallery);
