/*
  <show-curtain><div data-face="interrupted">…</div>…</show-curtain>: what stands where the picture would be.
  Hears show.went_live, show.interrupted, show.resumed, show.ended, state:show, stage:changed {model} and player:state.
*/
import { announce } from "lib/announce";
import { cardView } from "lib/card-view";
import { clockText } from "lib/countdown";
import { cloneOf, slot } from "lib/html";
import { formatMoney } from "lib/money-format";
import { serverNow } from "lib/server-time";
import { inShape } from "lib/when";

const SPREAD_MS = 20_000;
const FACES = {
  scheduled: "upcoming",
  rehearsal: "upcoming",
  interrupted: "interrupted",
  ended: "ended",
  cancelled: "cancelled",
};
const WORDS = {
  "show.went_live": "The show is live.",
  "show.interrupted": "The picture stopped. All timers are paused.",
  "show.resumed": "The picture is back. All timers go on.",
  "show.ended": "The show has ended. What you hold stays payable.",
};

class ShowCurtain extends HTMLElement {
  #listening;
  #state = "";

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.#state = this.closest("show-stage").dataset.state;
    for (const [type, words] of Object.entries(WORDS)) {
      document.addEventListener(type, ({ detail }) => this.#moved(detail, words), { signal });
    }
    document.addEventListener("state:show", ({ detail }) => this.#turn(detail.value), { signal });
    document.addEventListener("stage:changed", ({ detail }) => this.#show(detail.model), { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  #face(name) {
    return this.querySelector(`[data-face="${name}"]`);
  }

  #moved({ state, at, until }, words) {
    announce(words);
    const clock = (name, moment) => {
      const place = slot(this.#face(FACES[state]), name);
      if (place && moment) place.textContent = inShape("time", new Date(moment));
    };
    if (state === "interrupted") {
      clock("since", at);
      clock("until", until);
    }
    if (state === "ended") clock("ended", at);
  }

  #turn({ state }) {
    if (state === this.#state) return;
    const before = this.#state;
    this.#state = state;
    for (const face of this.children) face.hidden = face.dataset.face !== FACES[state];
    const stage = this.closest("show-stage");
    stage.dataset.state = state;
    if (state === "replay" && before === "ended") this.#loadReplay();
  }

  /**
   * Chapters are written by the server. Spread, so that not everyone asks in the same second; and who is at the checkout,
   * or goes from one sheet to the next, is left in peace until the last sheet is closed.
   */
  #loadReplay() {
    const { signal } = this.#listening;
    const load = () => {
      if (!document.querySelector("dialog[open]")) location.reload();
      else
        document.addEventListener("close", () => this.#loadReplay(), { capture: true, once: true, signal });
    };
    setTimeout(load, Math.random() * SPREAD_MS);
  }

  #show(model) {
    const holds = [...model.holds.values()].filter((hold) => !hold.offered);
    this.#showPaused(model, holds);
    this.#showHeld(holds[0]);
    slot(this.#face("interrupted"), "pay").hidden = !holds.length;
  }

  /** Each clock that stands, with the time it stands at. */
  #showPaused(model, holds) {
    const now = serverNow();
    const list = slot(this.#face("interrupted"), "paused");
    const running = [...model.drops.values()].map((drop) => [
      drop,
      cardView({ ...model.facts({ drop }, now), hold: undefined }),
    ]);
    const rows = running
      .filter(([, view]) => view.standing !== null)
      .map(([drop, view]) => [`Drop, ${drop.product.name}`, view.standing]);
    for (const hold of holds) {
      if (!hold.paused_at) continue;
      const left = Math.max(0, Math.ceil((hold.expires_at - hold.paused_at) / 1000));
      rows.push([`Yours: ${hold.quantity} × ${hold.name}`, left]);
    }
    list.hidden = !rows.length;
    list.replaceChildren(
      ...rows.map(([what, left]) => {
        const row = cloneOf("paused-row");
        slot(row, "what").textContent = what;
        slot(row, "clock").textContent = clockText(left);
        return row;
      }),
    );
  }

  /** After the end: what is held, and how long it stays payable. */
  #showHeld(hold) {
    const part = slot(this.#face("ended"), "held");
    part.hidden = !hold;
    if (!hold) return;
    slot(part, "image").src = hold.image;
    slot(part, "name").textContent = hold.quantity > 1 ? `${hold.quantity} × ${hold.name}` : hold.name;
    slot(part, "clock").set?.({ until: hold.expires_at });
    slot(part, "drain").set?.({
      kind: "held moment__drain",
      from: hold.expires_at - 600_000,
      until: hold.expires_at,
    });
    slot(part, "pay").textContent = `Pay for it, ${formatMoney(hold.total)}`;
  }
}

customElements.define("show-curtain", ShowCurtain);
