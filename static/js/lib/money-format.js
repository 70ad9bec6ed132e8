/** Money for people: the code, a no-break space, the figure. The twin of livecommerce/money.py. */

// The browser's own formatter takes a phone a tenth of a second to set up: what most of our shops show is put together here.
const PLAIN_PLACES = { CHF: 2, CZK: 2, DKK: 2, EUR: 2, GBP: 2, JPY: 0, NOK: 2, PLN: 2, SEK: 2, USD: 2 };

const locale = () => document.documentElement.lang || "en";

/** "1,184" */
export const grouped = (count) =>
  locale() === "en" ? String(count).replace(/\B(?=(\d{3})+$)/g, ",") : count.toLocaleString(locale());

/** "1,184.60" of `{amount: 118460, currency: "EUR"}`. */
export const amountText = ({ amount, currency }) => {
  const places = PLAIN_PLACES[currency];
  if (locale() !== "en" || places === undefined) return formatted(amount, currency);
  const minor = String(Math.abs(amount)).padStart(places + 1, "0");
  const point = minor.length - places;
  const cents = places ? `.${minor.slice(point)}` : "";
  return `${amount < 0 ? "-" : ""}${grouped(minor.slice(0, point))}${cents}`;
};

const formatted = (amount, currency) => {
  const style = new Intl.NumberFormat("en", { style: "currency", currency });
  const places = style.resolvedOptions().maximumFractionDigits;
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  return new Intl.NumberFormat(locale(), digits).format(amount / 10 ** places);
};

/** "EUR 1,184.60". */
export const formatMoney = (money) => `${money.currency}\u00a0${amountText(money)}`;

/** `money` so many times. */
export const times = (money, count) => ({ amount: money.amount * count, currency: money.currency });

/** How much lower `now` is, in whole percent rounded down; 0 when it is not lower. */
export const percentOff = (now, earlier) =>
  earlier && earlier.amount > now.amount
    ? Math.floor((100 * (earlier.amount - now.amount)) / earlier.amount)
    : 0;
