/*
  <show-stage class="theatre" data-state="live">…</show-stage>: the show page's parts and what they know together.
  Hears drop.*, item.*, state:pins, state:stock, state:sales, state:drop, state:show, you:*, socket:you, card:act, draw:entered.
  Tells stage:changed {model} on document after each change, at most once a frame.
*/
import { openCheckout } from "lib/acts";
import { announce } from "lib/announce";
import { dropPhase } from "lib/card-view";
import { everyBeat } from "lib/countdown";
import { drawPhase } from "lib/draw-view";
import { begin, lookAs } from "lib/guest-check";
import { cloneOf, slot } from "lib/html";
import { serverNow } from "lib/server-time";
import { ShowModel } from "lib/show-model";
import { perform } from "lib/stage-acts";
import { StageVoice, sayDrops } from "lib/stage-words";

const DROPS = [
  "drop.scheduled",
  "drop.opened",
  "drop.paused",
  "drop.resumed",
  "drop.sold_out",
  "drop.drawn",
  "drop.closed",
];
const MINE = [
  "hold.placed",
  "hold.extended",
  "hold.expired",
  "hold.released",
  "hold.taken",
  "queue.joined",
  "queue.moved",
  "queue.offered",
  "queue.passed",
  "queue.closed",
  "queue.left",
];

class ShowStage extends HTMLElement {
  #listening;
  #due = false;
  #phases = "";
  #voice = new StageVoice();

  connectedCallback() {
    const boot = JSON.parse(document.getElementById("show-boot").textContent);
    lookAs(boot.you);
    this.model = new ShowModel({ ...boot, holds: boot.you.holds, queue: boot.you.queue });
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const hear = (type, act) =>
      document.addEventListener(type, (event) => act(event.detail, event), { signal });
    for (const type of DROPS) hear(type, ({ drop }) => this.#change(() => this.#dropMoved(type, drop)));
    for (const type of MINE) hear(`you:${type}`, (news) => this.#change(() => this.#mine(type, news)));
    hear("state:drop", ({ value }) => this.#change(() => this.model.drop(value)));
    hear("state:stock", ({ key, value }) => this.#change(() => this.model.count(key, value)));
    hear("state:sales", ({ value }) => this.#change(() => this.model.replace({ sales: value })));
    hear("state:show", ({ value }) => this.#move(value.state));
    // The socket tells pins when the viewer's own picture gets there.
    hear("state:pins", ({ value }) => this.#change(() => this.model.pin(value.items)));
    hear("draw:entered", (entered) => this.#entered(entered));
    hear("socket:reset", () => this.#change(() => this.model.drops.clear()));
    hear("socket:you", (you) =>
      this.#change(() => {
        lookAs(you);
        this.model.replace({ holds: you.holds, queue: you.queue });
      }),
    );
    this.addEventListener("card:act", (event) => perform(this, event.detail), { signal });
    this.addEventListener("click", (event) => this.#press(event), { signal });
    for (const button of this.querySelectorAll(".theatre__heart, .composer button, .composer input"))
      button.disabled = false;
    everyBeat(() => this.#beat(), signal);
    this.#change(() => {});
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  /** Take in private news that came as the answer to a command, before the socket tells them. */
  tell(type, news) {
    this.#change(() => this.#mine(type, news));
  }

  /** In a draw without the socket nobody tells the number of the slip; that there is one is known. */
  #entered({ drop, words }) {
    announce(words);
    if (!this.model.places.has(drop)) this.tell("queue.joined", { drop, position: 0 });
  }

  /** Change what is known; what is shown follows once in the next frame. */
  #change(act) {
    act();
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#render();
    });
  }

  /** Clocks open and close drops between two pieces of news. */
  #beat() {
    const now = serverNow();
    for (const sentence of this.#voice.due(this.model, now)) announce(sentence);
    const phases = [...this.model.drops.values()]
      .map((drop) => `${dropPhase({ drop, sales: this.model.sales, now })} ${drawPhase({ drop, now })}`)
      .join();
    if (phases === this.#phases) return;
    this.#phases = phases;
    this.#change(() => {});
  }

  #dropMoved(type, drop) {
    this.model.drop(drop);
    announce(sayDrops(type, drop));
  }

  #mine(type, news) {
    this.model.mine(type, news);
    if (type === "queue.offered") announce(`It is your turn: ${news.hold.name}. Hold it within 30 seconds.`);
    if (type === "hold.expired" || type === "queue.passed") {
      document.dispatchEvent(
        new CustomEvent("stage:lapsed", { detail: { type, hold: news.hold, model: this.model } }),
      );
    }
  }

  #move(state) {
    if (this.dataset.state !== state) this.dataset.state = state;
  }

  #press(event) {
    const act = event.target.closest("[data-act]")?.dataset.act;
    const held = [...this.model.holds.values()].find((hold) => !hold.offered);
    if (act === "pay-held" && held) openCheckout(held.id);
    if (act === "bag" && !event.ctrlKey && !event.metaKey && customElements.get("bag-sheet")) {
      event.preventDefault();
      document.dispatchEvent(new CustomEvent("bag:open", { detail: {} }));
    }
  }

  #render() {
    const now = serverNow();
    const place = slot(this, "cards");
    const old = new Map([...place.children].map((card) => [this.#keyOf(card.dataset), card]));
    const cards = this.model.cards(now).map((subject, index) => {
      const key = this.#keyOf({ item: subject.item?.id, drop: subject.item ? "" : subject.drop.id });
      const card = old.get(key) ?? cloneOf("card-template");
      old.delete(key);
      if (place.children[index] !== card) place.insertBefore(card, place.children[index] ?? null);
      card.classList.toggle(
        "drop-card--folded",
        index > 0 || Boolean(this.querySelector("stage-moment > .moment")),
      );
      card.show?.(this.model.facts(subject, now));
      return card;
    });
    for (const card of old.values()) card.remove();
    for (const drop of this.model.drops.values()) begin(drop);
    const units = [...this.model.holds.values()].reduce(
      (sum, hold) => sum + (hold.offered ? 0 : hold.quantity),
      0,
    );
    this.#showBag(units);
    document.dispatchEvent(new CustomEvent("stage:changed", { detail: { model: this.model, cards } }));
  }

  /** An item keeps its card while its drops come and go. */
  #keyOf({ item, drop }) {
    return item ? `item ${item}` : `drop ${drop}`;
  }

  #showBag(units) {
    const count = slot(this, "held-units");
    if (!count) return;
    count.textContent = units;
    count.hidden = !units;
    count.parentElement.ariaLabel = units ? `Bag, ${units} held for you` : "Bag, empty";
  }
}

customElements.define("show-stage", ShowStage);
