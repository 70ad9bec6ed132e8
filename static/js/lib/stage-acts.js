/** What happens after a tap on a card: the act, its word while it runs, and what follows. */
import * as acts from "lib/acts";
import { announce } from "lib/announce";

const see = (detail) => document.dispatchEvent(new CustomEvent("sheet:open", { detail }));

/** Run an act with the card busy; a refusal is told in the card and aloud. */
const busy = async (card, word, act) => {
  card.wait(word);
  try {
    return await act();
  } catch (refusal) {
    const words = refusal.message;
    announce(words);
    queueMicrotask(() => card.problem(words));
    return null;
  } finally {
    card.wait("");
  }
};

const deeds = {
  see: ({ card, opener }) => see({ item: card.facts.item?.id, href: opener.href, opener }),
  buy: async ({ card, opener }) => {
    const { facts } = card;
    const units = acts.unitsOf(facts);
    if (units.length !== 1) return see({ item: facts.item?.id, href: card.querySelector("a").href, opener });
    const inDrop = facts.drop && ["open", "draw"].includes(card.dataset.state);
    await busy(card, "Holding", () =>
      acts.placeHold({ drop: inDrop ? facts.drop.id : null, variant: units[0] }),
    );
  },
  take: ({ card }) => busy(card, "Holding", () => acts.takeOffer(card.facts.hold)),
  pass: ({ card }) => busy(card, "One moment", () => acts.releaseHold(card.facts.hold)),
  pay: ({ card }) => acts.openCheckout(card.facts.hold.id),
  release: ({ card }) => busy(card, "One moment", () => acts.releaseHold(card.facts.hold)),
  join: async ({ card, stage }) => {
    const place = await busy(card, "Joining", () => acts.joinQueue(card.facts.drop));
    if (place) stage.tell("queue.joined", { drop: card.facts.drop.id, position: place.position });
  },
  leave: async ({ card, stage }) => {
    const left = await busy(card, "One moment", () => acts.leaveQueue(card.facts.drop));
    if (left) stage.tell("queue.left", { drop: card.facts.drop.id });
  },
};

/** `detail` of a card:act event. */
export const perform = (stage, detail) => deeds[detail.act]?.({ ...detail, stage });
