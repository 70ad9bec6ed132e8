/** Money for people: the code, a no-break space, the figure. The twin of livecommerce/money.py. */

const locale = () => document.documentElement.lang || "en";

const placesOf = (currency) =>
  new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;

/** "1,184.60" of `{amount: 118460, currency: "EUR"}`. */
export const amountText = ({ amount, currency }) => {
  const places = placesOf(currency);
  return new Intl.NumberFormat(locale(), {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  }).format(amount / 10 ** places);
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
