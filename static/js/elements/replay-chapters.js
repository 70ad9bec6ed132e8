/*
  <replay-chapters><ol class="chapters"><li><button class="chapter" data-programme="…" data-item="3">…</li></ol>
    <a data-slot="buy" data-act="see"></a></replay-chapters>
  Jumps to where a product was shown and marks the chapter that plays. Hears player:tick {programmeMs}; asks player:seek {programmeMs}.
*/
import { slot } from "lib/html";

class ReplayChapters extends HTMLElement {
  #listening;
  #playing = null;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    document.addEventListener("player:tick", ({ detail }) => this.#mark(detail.programmeMs), { signal });
    this.addEventListener("click", (event) => this.#press(event), { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  #press(event) {
    const chapter = event.target.closest(".chapter");
    if (chapter) {
      const programmeMs = Number(chapter.dataset.programme);
      document.dispatchEvent(new CustomEvent("player:seek", { detail: { programmeMs } }));
    }
    const see = event.target.closest('[data-act="see"]');
    if (!see) return;
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("sheet:open", { detail: { href: see.href, opener: see } }));
  }

  #mark(programme) {
    const chapters = [...this.querySelectorAll(".chapter")];
    const playing = chapters.findLast((chapter) => Number(chapter.dataset.programme) <= programme) ?? null;
    if (playing === this.#playing) return;
    for (const chapter of chapters) chapter.ariaCurrent = chapter === playing ? "true" : null;
    this.#playing = playing;
    const row = playing && document.querySelector(`line-up [data-item="${playing.dataset.item}"]`);
    const buy = slot(this, "buy");
    if (!row || !buy) return;
    const price = row.querySelector(".price").textContent;
    buy.hidden = slot(row, "buy").hidden;
    buy.href = slot(row, "buy").href;
    buy.textContent = `Buy ${row.querySelector(".product-row__name").textContent}, ${price}`;
  }
}

customElements.define("replay-chapters", ReplayChapters);
