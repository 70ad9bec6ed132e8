/**
 * The parts that card views are made of: words, sums, clocks and buttons, each from facts alone. No DOM.
 */
import { amountText, formatMoney } from "lib/money-format";

export const ordinal = (count) => {
  const teen = count % 100 >= 11 && count % 100 <= 13;
  return `${count}${teen ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[count % 10] ?? "th")}`;
};
export const OFFER_MS = 30_000;
export const minutesText = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
export const perPerson = (count) => (count ? `Max ${count} per person` : "");
export const inCarts = (count) => (count ? `${count} in carts` : "");

export const blank = {
  lit: false,
  off: false,
  held: false,
  icon: "",
  label: "",
  word: "",
  until: null,
  standing: null,
  aside: "",
  drain: null,
  note: "",
  noteUntil: null,
  button: null,
  bar: null,
  left: "",
  carts: "",
  back: null,
  limit: "",
  link: null,
  queue: null,
  earlier: "",
  percent: "",
};

export const priced = (money) => ({ currency: money.currency, amount: amountText(money) });

export const reduction = (earlier, percent) =>
  earlier
    ? {
        earlier: amountText(earlier),
        percent: percent ? `−${percent} %` : "",
        note: `30-day lowest: ${formatMoney(earlier)}`,
      }
    : {};

export const barOf = (drop, stock, paused) => ({
  sold: stock?.sold ?? 0,
  held: stock?.held ?? 0,
  left: stock?.left ?? drop.units,
  paused,
});

export const buy = { label: "Buy", act: "buy", look: "buy", disabled: false };
export const cannotBuy = { ...buy, disabled: true };

/** The clock of a hold: it runs, or stands where the show stopped it. */
export const holdClock = (hold, length) => ({
  until: hold.paused_at ? null : hold.expires_at,
  standing: hold.paused_at ? Math.max(0, Math.ceil((hold.expires_at - hold.paused_at) / 1000)) : null,
  drain: { kind: "held", from: hold.expires_at - length, until: hold.expires_at, standing: hold.paused_at },
});
