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

class StageMoment extends HTMLElement {
  #listening;
  #model = null;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const hear = (type, act) => document.addEventListener(type, ({ detail }) => act(detail), { signal });
    hear("stage:changed", ({ model }) => { this.#model = model; });
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
      (drop) => drop.state === "announced" && !drop.paused_at && drop.opens_at > now && drop.opens_at - now <= LAST_MS,
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
    const offer = type === "queue.passed" || hold.offered;
    const moment = cloneOf("hold-over-template");
    moment.hold = hold;
    const many = hold.quantity > 1;
    const stock = this.#model?.stock.get(String(hold.drop ?? `v${hold.variant}`));
    const left = Math.min(stock?.variants?.[hold.variant] ?? stock?.left ?? 0, stock?.left ?? 0);
    say(moment, "title", offer ? "The offer is over" : "The hold is over");
    say(moment, "name", hold.name);
    say(moment, "options", hold.option_text);
    slot(moment, "image").src = hold.image;
    const at = inShape("time", new Date(serverNow()));
    const back = `Your ${many ? `${hold.quantity} units` : "unit"} went back at ${at}. Nothing was charged.`;
    say(moment, "left", offer ? "" : left ? `${left} left, hold again?` : "None left now.");
    say(moment, "told", offer ? "It went to the next in line. Nothing was charged." : back);
    const again = !offer && left >= hold.quantity;
    say(moment, "again", again ? `Hold ${many ? hold.quantity : "it"} again` : "");
    moment.classList.toggle("moment--lit", again);
    this.append(moment);
    announce(`${offer ? "The offer is over. It went to the next in line." : `The hold is over. ${back}`}`);
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
