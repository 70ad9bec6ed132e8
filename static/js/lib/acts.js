/**
 * What the buttons of the show page do: each asks the server and returns its answer, or throws its refusal in words.
 * Prices and stock on the screen are only a picture; the server decides, by its own clock.
 */

import { dropPhase } from "lib/card-view";
import { workOf } from "lib/guest-check";
import { showSocket } from "show-socket";

/** One key per wish: the same wish sent again after a lost answer is the same hold. */
const keys = new Map();
const keyOf = (wish) => {
  if (!keys.has(wish)) keys.set(wish, crypto.randomUUID());
  return keys.get(wish);
};

/** The units that a card sells now: those of its drop while it runs, else what the shop has. */
export const unitsOf = ({ item, drop, stock, sales, now }) => {
  if (drop && dropPhase({ drop, stock, sales, now }) !== "ended") return drop.items.map((one) => one.variant);
  return (item?.variants ?? []).filter((variant) => variant.left > 0).map((variant) => variant.id);
};

// What the socket and the API say when no answer came: the wish stands, and so does its key.
const UNANSWERED = ["connection.lost", "no_answer"];

/** Inside another site without cookies of ours nobody could find their bag again: there the show's own page sells. */
const sellsElsewhere = () => window.top !== window && !document.cookie.includes("csrftoken=");

/** Hold units. An answer of the server, also a no, ends the wish; a lost connection does not. */
export const placeHold = async ({ drop, variant, quantity = 1 }) => {
  if (sellsElsewhere()) {
    window.open(location.pathname.replace("/embed/", "/shows/"), "_blank");
    return null;
  }
  const wish = `${drop ?? ""}/${variant}/${quantity}`;
  try {
    const held = await showSocket.command("hold.place", {
      ...(drop ? { drop, ...(await workOf(drop)) } : {}),
      variant,
      quantity,
      key: keyOf(wish),
    });
    keys.delete(wish);
    document.dispatchEvent(new CustomEvent("hold:placed", { detail: held }));
    return held;
  } catch (refusal) {
    if (!UNANSWERED.includes(refusal.code)) keys.delete(wish);
    if (refusal.code !== "drop.in_draw") throw refusal;
    // Not a no: the wish is in the draw, and its outcome is told as private news.
    document.dispatchEvent(new CustomEvent("draw:entered", { detail: { drop, words: refusal.message } }));
    return null;
  }
};

/** Take a unit that came back: the same tap as a buyer's, the server finds the offer. */
export const takeOffer = ({ drop, variant, quantity }) => placeHold({ drop, variant, quantity });
export const releaseHold = (hold) => showSocket.command("hold.release", { hold: hold.id });
export const joinQueue = async (drop) =>
  showSocket.command("queue.join", { drop: drop.id, ...(await workOf(drop.id)) });
export const leaveQueue = (drop) => showSocket.command("queue.leave", { drop: drop.id });

/** Open the payment of a hold; the sheet finds what else is held at the same seller. */
export const openCheckout = (hold) =>
  document.dispatchEvent(new CustomEvent("checkout:open", { detail: { holds: [hold] } }));
