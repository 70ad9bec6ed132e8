/*
  <stage-moment></stage-moment>: the short turns of a show over the picture, one at a time.
  The last half minute before a drop opens (the same second for everyone), and a hold or an offer that is over.
  Hears stage:changed {model}, stage:lapsed {type, hold} and hold:placed.
*/
import { placeHold } from "lib/acts";
import { announce } from "lib/announce";
import { everyBeat } from "lib/countdown";
import { cloneOf, say, slot } from "lib/html";
import { serverNow } from "lib/server-time";
import { inShape } from "lib/when";

const LAST_MS = 30_000;

const offerOver = () => ({
  title: "The offer is over",
  left: "",
  told: "It went to the next in line. Nothing was charged.",
  again: "",
});

const holdOver = ({ quantity }, left) => {
  const units = quantity > 1 ? `${quantity} units` : "unit";
  return {
    title: "The hold is over",
    left: left ? `${left} left, hold again?` : "None left now.",
    told: `Your ${units} went back at ${inShape("time", new Date(serverNow()))}. Nothing was charged.`,
    again: left >= quantity ? `Hold ${quantity > 1 ? quantity : "it"} again` : "",
  };
};

class StageMoment extends HTMLElement {
  #listening;
  #model = null;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const hear = (type, act) => document.addEventListener(type, ({ detail }) => act(detail), { signal });
    hear("stage:changed", ({ model }) => {
      this.#model = model;
    });
    hear("stage:lapsed", (news) => this.#lapsed(news));
    hear("hold:placed", () => this.#clear());
    this.addEventListener("click", (event) => this.#press(event.target.closest("[data-act]")), { signal });
    everyBeat(() => this.#count(), signal);
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  #clear() {
    this.querySelector(".moment")?.remove();
  }

  /** The large clock before a drop, while nothing else wants the place. */
  #count() {
    const now = serverNow();
    const soon = [...(this.#model?.drops.values() ?? [])].find(
      (drop) =>
        drop.state === "announced" &&
        !drop.paused_at &&
        drop.opens_at > now &&
        drop.opens_at - now <= LAST_MS,
    );
    const shown = this.querySelector(".go-clock");
    if (!soon || this.querySelector(".moment")) {
      shown?.remove();
      return;
    }
    if (shown?.dataset.drop === String(soon.id)) return;
    shown?.remove();
    const clock = cloneOf("go-clock-template");
    clock.dataset.drop = soon.id;
    this.append(clock);
    clock.querySelector("count-down").set({ until: soon.opens_at });
    announce("Opens in half a minute.");
  }

  #lapsed({ type, hold }) {
    if (!hold) return;
    this.#clear();
    const moment = cloneOf("hold-over-template");
    moment.hold = hold;
    const offer = type === "queue.passed" || hold.offered;
    const words = offer ? offerOver() : holdOver(hold, this.#leftOf(hold));
    for (const [name, text] of Object.entries({ ...words, name: hold.name, options: hold.option_text }))
      say(moment, name, text);
    slot(moment, "image").src = hold.image;
    moment.classList.toggle("moment--lit", Boolean(words.again));
    this.append(moment);
    announce(`${words.title}. ${words.told}`);
  }

  /** Units of the same thing that could be held now. */
  #leftOf({ drop, variant }) {
    const stock = this.#model?.stock.get(String(drop ?? `v${variant}`));
    return Math.min(stock?.left ?? 0, stock?.variants?.[variant] ?? stock?.left ?? 0);
  }

  async #press(pressed) {
    const act = pressed?.dataset.act;
    if (act === "dismiss") this.#clear();
    if (act !== "again" || pressed.ariaBusy) return;
    const { hold } = this.querySelector(".moment");
    pressed.ariaBusy = "true";
    try {
      await placeHold({ drop: hold.drop, variant: hold.variant, quantity: hold.quantity });
    } catch (refusal) {
      pressed.ariaBusy = null;
      say(this, "told", refusal.message);
      announce(refusal.message);
    }
  }
}

customElements.define("stage-moment", StageMoment);
