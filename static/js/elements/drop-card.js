/*
  <drop-card class="drop-card" data-item="3" data-drop="12">…</drop-card>: templates/watch/_card.html, in all of its states.
  Shows the facts it is given; its buttons ask for an act as the DOM event card:act {act, card}, the stage does it.
  While an act runs its button is busy; a refusal is told in the card.
*/
import { cardView } from "lib/card-view";
import { say, slot } from "lib/html";

const LOOKS = ["buy", "light", "quiet"];

class DropCard extends HTMLElement {
  #listening;
  #busy = "";

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.addEventListener("click", (event) => this.#press(event), { signal });
    this.addEventListener("submit", (event) => event.preventDefault(), { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  #press(event) {
    const pressed = event.target.closest("[data-act]");
    if (!pressed || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (this.#busy || pressed.disabled) return;
    this.dispatchEvent(
      new CustomEvent("card:act", {
        bubbles: true,
        detail: { act: pressed.dataset.act, card: this, opener: pressed },
      }),
    );
  }

  /** Keep the button busy with a word for what it waits for; an empty word ends it. */
  wait(word) {
    this.#busy = word;
    if (word) say(this, "problem", "");
    if (this.facts) this.show(this.facts);
  }

  /** Tell why an act was refused: what happened, what is safe, what is next. */
  problem(words) {
    say(this, "problem", words);
    slot(this, "foot").hidden = false;
  }

  /** Show these facts (see lib/card-view). */
  show(facts) {
    this.facts = facts;
    const view = cardView(facts);
    if (this.dataset.state !== view.state) say(this, "problem", "");
    this.dataset.state = view.state;
    this.dataset.item = facts.item?.id ?? "";
    this.dataset.drop = facts.drop?.id ?? "";
    for (const [kind, on] of [
      ["lit", view.lit],
      ["off", view.off],
      ["plain", view.state === "plain"],
    ]) {
      this.classList.toggle(`drop-card--${kind}`, on);
    }
    this.#showHead(view);
    this.#showBody(view, facts);
    this.#showFoot(view);
  }

  #showHead(view) {
    slot(this, "drain").set?.(view.drain);
    slot(this, "head").classList.toggle("drop-card__label--held", view.held);
    const icon = slot(this, "icon");
    icon.parentElement.toggleAttribute("hidden", !view.icon);
    if (view.icon) icon.setAttribute("href", `${document.documentElement.dataset.icons}#i-${view.icon}`);
    say(this, "label", view.label);
    say(this, "aside", view.aside);
    say(this, "word", view.word);
    slot(this, "clockline").hidden = view.until === null && view.standing === null;
    slot(this, "clock").set?.(view);
  }

  #showBody(view, facts) {
    const image = slot(this, "image");
    if (view.image && image.getAttribute("src") !== view.image) image.src = view.image;
    for (const name of ["name", "currency", "amount", "earlier", "percent", "note"])
      say(this, name, view[name]);
    const address = facts.item ? `?sheet=${facts.item.id}` : `/products/${facts.drop.product.slug}/`;
    if (slot(this, "name").getAttribute("href") !== address) slot(this, "name").href = address;
    this.#until("noteUntil", view.noteUntil);
    const button = slot(this, "button");
    const { label, act, look, disabled } = view.button;
    button.dataset.act = act;
    button.disabled = disabled;
    button.ariaBusy = this.#busy ? "true" : null;
    if (button.textContent !== (this.#busy || label)) button.textContent = this.#busy || label;
    for (const one of LOOKS) button.classList.toggle(`button--${one}`, one === look);
  }

  #showFoot(view) {
    const told = slot(this, "problem");
    slot(this, "foot").hidden = !view.bar && !view.left && !view.queue && told.hidden;
    const bar = slot(this, "bar");
    bar.hidden = !view.bar;
    if (view.bar) bar.set?.(view.bar);
    for (const name of ["carts", "limit"]) say(this, name, view[name]);
    say(this, "left", view.left);
    this.#until("back", view.back);
    const link = slot(this, "link");
    link.hidden = !view.link;
    if (view.link) {
      link.textContent = view.link.label;
      link.dataset.act = view.link.act;
    }
    slot(this, "queue").hidden = !view.queue;
    if (view.queue) {
      slot(this, "place").textContent = view.queue.place;
      slot(this, "told").textContent = view.queue.told;
    }
  }

  /** A clock inside a sentence; the part of the sentence around it goes with it. */
  #until(name, until) {
    this.querySelector(`[data-with="${name}"]`).hidden = !until;
    if (until) slot(this, name).set?.({ until });
  }
}

customElements.define("drop-card", DropCard);
