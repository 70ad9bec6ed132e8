/**
 * What a card says while a drop is by lot: who asks in its first seconds takes part, and nobody has anything before the draw.
 */
import { barOf, buy, cannotBuy, priced, reduction } from "lib/card-parts";

/** Where the draw of an open drop stands: "draw" while anybody may ask, "drawing" after it, "" without one. */
export const drawPhase = ({ drop, now }) => {
  if (!drop.draw_ends_at || drop.draw_seed) return "";
  return now < drop.draw_ends_at ? "draw" : "drawing";
};

const inDraw = (facts) => {
  const { drop, stock } = facts;
  const runs = drawPhase(facts) === "draw";
  return {
    icon: "clock",
    label: "You are in the draw",
    word: runs ? "drawn in" : "",
    until: runs ? drop.draw_ends_at : null,
    drain: { kind: "", from: drop.opens_at, until: drop.draw_ends_at },
    ...priced(drop.price),
    note: "It makes no difference who asks first",
    ...reduction(drop.earlier_price, drop.percent_off),
    button: { label: "Leave", act: "leave", look: "quiet", disabled: false },
    bar: barOf(drop, stock, false),
    left: `${stock?.left ?? drop.units} to be drawn`,
    carts: stock?.queue ? `${stock.queue} in the draw` : "",
    limit: "One each",
  };
};

export const drawViews = {
  in_draw: inDraw,
  draw: (facts) => ({
    ...inDraw(facts),
    lit: true,
    icon: "lamp",
    label: "By lot",
    word: "ask within",
    button: { ...buy, label: "Enter" },
  }),
  drawing: (facts) => ({ ...inDraw(facts), label: "Being drawn", button: cannotBuy }),
};
