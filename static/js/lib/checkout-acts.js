/** What the payment sheet and the bag ask of the server. Each throws a refusal in words. */
import { call } from "lib/api";

const CARD_FIELDS = ["card", "expiry", "cvc"];
const PARCEL_FIELDS = ["name", "street", "postcode", "town", "country"];

const only = (names, typed) => Object.fromEntries(names.map((name) => [name, typed[name] ?? ""]));

/** The bag in which this hold is, or null. */
export const bagOf = async (hold) => {
  const { sellers } = await call("GET", "cart");
  return sellers.find((bag) => bag.holds.some(({ id }) => id === hold)) ?? null;
};

/** What an order of this bag would be: another one needs a key of its own. */
export const wishOf = (bag) => `${bag.holds.map(({ id }) => id)} ${codesOf(bag)} ${bag.totals.total.amount}`;

/** The code that the sums show, and no other. */
const codesOf = (bag) => (bag.code?.applied ? [bag.code.text] : []);

/** Order the bag at the total that stood on the button, then charge the card; the same key never does it twice. */
export const orderAndPay = async ({ bag, key, typed }) => {
  const order = await call("POST", "orders", {
    holds: bag.holds.map(({ id }) => id),
    email: typed.email,
    address: only(PARCEL_FIELDS, typed),
    codes: codesOf(bag),
    total: bag.totals.total.amount,
    key,
  });
  return call("POST", `orders/${order.code}/pay`, only(CARD_FIELDS, typed));
};

export const answerBank = (code, check) => call("POST", `orders/${code}/pay`, { check });

export const orderNow = ({ code, token }) => call("GET", `orders/${code}?token=${token}`);

/** Put a code into the bag of one seller, or take it out. */
export const claimCode = (seller, code) => call("POST", "codes/claim", { seller, code });

export const removeCode = (seller) => call("DELETE", `codes/claim?seller=${encodeURIComponent(seller)}`);

/** Three minutes more, once. */
export const extendHold = (button) => {
  button.disabled = true;
  return call("POST", `holds/${button.dataset.hold}/extend`);
};
