/**
 * What a product's card says, from the facts: item, drop, stock, the viewer's own hold and queue place, the time.
 * The twin of livecommerce/watch/card_view.py, which writes the same card into the page's first HTML. No DOM.
 */
import {
  barOf,
  blank,
  buy,
  cannotBuy,
  holdClock,
  inCarts,
  minutesText,
  OFFER_MS,
  ordinal,
  perPerson,
  priced,
  reduction,
} from "lib/card-parts";
import { drawPhase, drawViews } from "lib/draw-view";

/** Where a drop stands by the server's clock; `drop.state` alone may be a moment behind it. */
export const dropPhase = ({ drop, stock, sales, now }) => {
  if (drop.state === "closed") return "ended";
  if (drop.paused_at || drop.state === "paused" || sales?.paused) return "paused";
  if (drop.closes_at && now >= drop.closes_at) return "ended";
  if (now < drop.opens_at) return "announced";
  return drop.state === "sold_out" || (stock && stock.left <= 0) ? "sold_out" : "open";
};

/** Which of its states the card is in. The viewer's own matters come before the drop's. */
const stateOf = (facts) => {
  if (facts.hold) return facts.hold.offered ? "offered" : "held";
  if (!facts.drop) return "plain";
  const phase = dropPhase(facts);
  const draw = phase === "open" && drawPhase(facts);
  if (draw) return facts.place ? "in_draw" : draw;
  return phase === "sold_out" && facts.place ? "queued" : phase;
};

const views = {
  offered: ({ drop, hold, stock }) => ({
    lit: true,
    icon: "lamp",
    // After a draw nobody can tell who was drawn and whose unit came back, and nobody has to.
    label: drop?.draw_seed ? "It is your turn" : "One came back, it is yours",
    ...holdClock(hold, OFFER_MS),
    ...priced(hold.total),
    note: [hold.option_text, "Then it goes to the next in line"].filter(Boolean).join(" · "),
    button: { label: "Hold it", act: "take", look: "buy", disabled: false },
    bar: barOf(drop, stock, false),
    left: `“Hold it” keeps it yours for ${minutesText(drop.hold_seconds)}. Nothing is charged yet.`,
    link: { label: "Let it pass", act: "pass" },
  }),
  held: ({ drop, hold, stock }) => ({
    lit: true,
    held: true,
    icon: hold.paused_at ? "pause" : "timer",
    label: hold.state === "paying" ? "Being paid" : "Held for you",
    ...holdClock(hold, (drop?.hold_seconds ?? 300) * 1000),
    name: hold.quantity > 1 ? `${hold.quantity} × ${hold.name}` : hold.name,
    ...priced(hold.total),
    note: hold.option_text ? `${hold.option_text} · the price stays` : "The price stays while you hold it",
    button: { label: "Pay", act: "pay", look: "buy", disabled: false },
    bar: drop ? barOf(drop, stock, false) : null,
    left: stock?.left === undefined ? "" : `${stock.left} left`,
    carts: inCarts(stock?.held),
    link:
      hold.state === "paying"
        ? null
        : { label: hold.quantity > 1 ? "Let them go" : "Let it go", act: "release" },
  }),
  announced: ({ drop, stock }) => ({
    icon: "clock",
    label: "Opens in",
    until: drop.opens_at,
    drain: { kind: "paused", from: drop.announced_at, until: drop.opens_at },
    ...priced(drop.price),
    ...reduction(drop.earlier_price, drop.percent_off),
    button: cannotBuy,
    bar: barOf(drop, stock, true),
    left: `${drop.units} in this drop`,
    carts: drop.draw_ends_at ? `by lot among all who ask in the first ${drop.draw_seconds} s` : "",
    limit: drop.draw_ends_at ? "" : perPerson(drop.per_buyer),
  }),
  paused: ({ drop, stock, sales, now }) => {
    const since = drop.paused_at ?? sales?.since ?? now;
    const opened = since >= drop.opens_at;
    return {
      icon: "pause",
      label: "Paused",
      standing: Math.max(0, Math.ceil(((opened ? drop.closes_at : drop.opens_at) - since) / 1000)),
      drain: {
        kind: "paused",
        from: opened ? drop.opens_at : drop.announced_at,
        until: opened ? drop.closes_at : drop.opens_at,
        standing: since,
      },
      ...priced(drop.price),
      ...reduction(drop.earlier_price, drop.percent_off),
      note:
        sales?.reason === "picture"
          ? "Goes on when the picture is back"
          : "Goes on where it stood, no time is lost",
      button: cannotBuy,
      bar: barOf(drop, stock, true),
      left: `${stock?.left ?? drop.units} left`,
      carts: stock?.held ? `${stock.held} in carts, paused too` : "",
    };
  },
  open: ({ drop, stock }) => ({
    lit: true,
    icon: "lamp",
    label: "On sale now",
    word: "ends in",
    until: drop.closes_at,
    drain: { kind: "", from: drop.opens_at, until: drop.closes_at },
    ...priced(drop.price),
    ...reduction(drop.earlier_price, drop.percent_off),
    button: buy,
    bar: barOf(drop, stock, false),
    left: `${stock?.left ?? drop.units} left`,
    carts: inCarts(stock?.held),
    back: stock?.held ? stock.back_at : null,
    limit: perPerson(drop.per_buyer),
  }),
  ...drawViews,
  sold_out: ({ drop, stock }) => ({
    off: true,
    label: "Sold out",
    word: "drop ends in",
    until: drop.closes_at,
    ...priced(drop.price),
    note: inCarts(stock?.held),
    noteUntil: stock?.held ? stock.back_at : null,
    button: { label: "Join queue", act: "join", look: "light", disabled: false },
    bar: barOf(drop, { ...stock, left: 0 }, false),
    left: `${stock?.queue || "Nobody"} waiting.`,
    carts: `You would be ${ordinal((stock?.queue ?? 0) + 1)}.`,
  }),
  queued: ({ drop, stock, place }) => ({
    off: true,
    label: "Sold out",
    word: "drop ends in",
    until: drop.closes_at,
    ...priced(drop.price),
    note: inCarts(stock?.held),
    noteUntil: stock?.held ? stock.back_at : null,
    button: { label: "Leave", act: "leave", look: "quiet", disabled: false },
    bar: barOf(drop, { ...stock, left: 0 }, false),
    queue: {
      place: place.position,
      told: `You are ${ordinal(place.position)} of ${Math.max(place.position, stock?.queue ?? 0)} in the queue.`,
    },
  }),
  ended: (facts) => {
    const { drop, item } = facts;
    const again = item?.variants?.length ? views.plain(facts) : null;
    if (again && !again.off)
      return {
        ...again,
        icon: "",
        label: "The drop is over",
        note: `${again.currency} ${again.amount} again`,
        earlier: "",
        percent: "",
      };
    return {
      off: true,
      label: "The drop is over",
      ...priced(drop.price),
      button: { label: "Over", act: "none", look: "quiet", disabled: true },
    };
  },
  plain: ({ item }) => {
    const left = item.variants.reduce((sum, variant) => sum + Math.max(0, variant.left ?? 0), 0);
    const inStock = left > 0;
    const reduced = reduction(item.earlier_price, null);
    return {
      icon: "pin",
      label: inStock ? "Shown now" : "Sold out",
      off: !inStock,
      aside: inStock && left <= 50 ? `${left} left` : "",
      ...priced(item.price),
      ...reduced,
      note: reduced.note ?? item.note ?? "",
      button: inStock ? buy : { label: "Sold out", act: "none", look: "quiet", disabled: true },
    };
  },
};

/** The card's words, clocks and button. */
export const cardView = (facts) => {
  const state = stateOf(facts);
  const product = facts.drop?.product ??
    facts.item?.product ?? { name: facts.hold?.name, image: facts.hold?.image };
  return { ...blank, state, name: product.name, image: product.image, ...views[state](facts) };
};
