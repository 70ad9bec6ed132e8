/*
  <line-up><ol class="lineup"><li class="product-row" data-item="3">…</li></ol></line-up>, and the links open-line-up / close-line-up
  Keeps the rows true: what is on now, what can be bought, what is gone. Hears stage:changed {model}.
  On a narrow screen its aside is a sheet: Escape closes it, the focus goes back.
*/
import { cardView, dropPhase } from "lib/card-view";
import { slot } from "lib/html";
import { serverNow } from "lib/server-time";

class LineUp extends HTMLElement {
  #listening;
  #opener = null;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    document.addEventListener("stage:changed", ({ detail }) => this.#show(detail.model), { signal });
    document.addEventListener("click", (event) => this.#press(event), { signal });
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.close(), { signal });
    document.addEventListener("sheet:open", () => this.close(), { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  get #side() {
    return this.closest(".theatre__side");
  }

  open(opener) {
    this.#opener = opener;
    this.#side.classList.add("sheet--open");
    this.#side.querySelector('[data-act="close-line-up"]').focus();
  }

  close() {
    if (!this.#side.classList.contains("sheet--open")) return;
    this.#side.classList.remove("sheet--open");
    this.#opener?.focus();
  }

  #press(event) {
    const pressed = event.target.closest("[data-act]");
    const act = pressed?.dataset.act;
    if (act === "open-line-up") this.open(pressed);
    else if (act === "close-line-up") this.close();
    else if (act === "see" && this.contains(pressed)) {
      const item = Number(pressed.closest("[data-item]").dataset.item);
      document.dispatchEvent(
        new CustomEvent("sheet:open", { detail: { item, href: pressed.href, opener: pressed } }),
      );
    } else return;
    event.preventDefault();
  }

  #show(model) {
    const now = serverNow();
    for (const row of this.querySelectorAll("[data-item]")) {
      const item = model.items.get(Number(row.dataset.item));
      if (item) this.#showRow(row, model, item, now);
    }
  }

  #showRow(row, model, item, now) {
    const drop = model.dropOf(item, now);
    const facts = { ...model.facts({ item, drop }, now), hold: undefined };
    const view = cardView(facts);
    const phase = drop ? dropPhase(facts) : "";
    const onSale = phase === "open";
    const current = model.pins?.includes(item.id) || onSale;
    row.classList.toggle("product-row--now", Boolean(current));
    row.classList.toggle("product-row--out", view.off);
    row.ariaCurrent = current ? "true" : null;
    slot(row, "currency").textContent = view.currency;
    slot(row, "amount").textContent = view.amount;
    slot(row, "sale").hidden = !onSale;
    slot(row, "out").hidden = !view.off;
    slot(row, "soon").hidden = phase !== "announced";
    slot(row, "buy").hidden = view.off || onSale || phase === "announced";
  }
}

customElements.define("line-up", LineUp);
