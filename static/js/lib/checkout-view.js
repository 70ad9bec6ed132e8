/** Markup of a bag as `GET /api/v1/cart` gives it: its lines with their clocks, its sums, its news. No state. */
import { html } from "lib/html";
import { amountText, formatMoney } from "lib/money-format";

export const symbol = (name) =>
  html`<svg class="icon" aria-hidden="true"><use href="${document.documentElement.dataset.icons}#i-${name}"></use></svg>`;

export const price = (money, look = "") =>
  html`<span class="price ${look}"><span class="price__currency">${money.currency}</span>&nbsp;${amountText(money)}</span>`;

const more = (hold) => {
  if (hold.can_extend && hold.state === "held") {
    return html`<button class="button button--quiet button--small hold__more push" type="button" data-act="extend" data-hold="${hold.id}">Add 3 min, once</button>`;
  }
  return hold.offered || hold.state !== "held" ? "" : html`<span class="hold__added push">3 min added</span>`;
};

/** The running end of a hold; `look` is the block it stands in: "hold" in the payment sheet, "bag__hold" in the bag. */
export const holdStrip = (hold, look) =>
  html`<hold-clock class="${look}" data-hold="${hold.id}" data-until="${hold.expires_at}" data-paused="${hold.paused_at ?? ""}">${symbol("timer")}<span data-slot="words" role="timer"></span>${more(hold)}<drain-line class="drain drain--held drain--line hold__drain" data-from="${hold.placed_at}" data-until="${hold.expires_at}" data-standing="${hold.paused_at ?? ""}"></drain-line></hold-clock>`;

const each = (hold) =>
  [hold.option_text, `${formatMoney(hold.unit_price)} each`, hold.drop ? "drop price" : ""]
    .filter(Boolean)
    .join(" · ");

/** One held thing in the payment sheet. */
export const payLine = (hold) =>
  html`${holdStrip(hold, "hold")}<div class="line"><img class="line__image" src="${hold.image}" alt="" width="64" height="64"><div><p class="line__name">${hold.name}</p><p class="line__more num">${each(hold)}</p></div><span class="line__count num" aria-label="Quantity ${hold.quantity}">× ${hold.quantity}</span></div>`;

const times = (hold) => (hold.quantity > 1 ? `${hold.quantity} × ` : "");

const bagItem = (hold) =>
  html`<li class="bag__item"><img class="bag__image" src="${hold.image}" alt="" width="48" height="48"><div><p class="bag__name">${times(hold)}${hold.name}</p><p class="bag__more">${[hold.option_text, hold.drop ? "drop price" : ""].filter(Boolean).join(" · ")}</p></div>${price(hold.total)}${holdStrip(hold, "bag__hold")}</li>`;

const wayToPay = (bag) =>
  bag.at_bank
    ? html`<p class="sheet__small">Your bank is deciding about order ${bag.order}.</p>`
    : html`<button class="button button--buy button--large button--wide" type="button" data-act="pay" data-hold="${bag.holds[0].id}">Go to payment</button>`;

/** One seller in the bag, with the way on to its payment. */
export const sellerBag = (bag) =>
  html`<section class="bag__seller" aria-label="${bag.brand.name}"><h3 class="bag__title">${bag.brand.name}</h3><ul class="bag">${bag.holds.map(bagItem)}</ul><div class="sums sums--tight">${codeRow(bag)}<div class="sums__row"><span>One parcel, ${bag.brand.name}</span><span class="sums__amount">${price(bag.totals.shipping)}</span></div></div><p class="sums__row--foot"><span>Total</span><span class="muted sums__vat num">incl. VAT, ${formatMoney(bag.totals.vat)}</span><span class="sums__amount">${price(bag.totals.total, "price--total")}</span></p>${wayToPay(bag)}</section>`;

const percent = (points) => String(points / 100);

/** What a code takes off, in any list of sums; nothing where none counts. */
const codeRow = (bag) =>
  bag.code?.applied
    ? html`<div class="sums__row"><span>Code</span><span class="sums__code">${symbol("tag")}${bag.code.text}</span><span class="sums__amount"><span class="price"><span class="price__currency">${bag.totals.discount.currency}</span>&nbsp;−${amountText(bag.totals.discount)}</span></span></div>`
    : "";

const codeDoes = (code) =>
  code.applied ? `${code.offer}, ${code.left_for_others} left for others` : code.message;

/** The code that was claimed, with what it does, or why nothing, and the way to take it out. */
export const claimedCode = (code) =>
  code
    ? html`<span class="sums__code ${code.applied ? "" : "sums__code--idle"}">${symbol("tag")}${code.text}</span><span class="muted">${codeDoes(code)}</span><button class="button button--plain button--small push" type="button" data-code="remove" aria-label="Remove the code ${code.text}">Remove</button>`
    : "";

const lineRow = (hold) =>
  html`<div class="sums__row"><span>${hold.quantity} ${hold.name}</span><span class="sums__amount">${price(hold.total)}</span></div>`;

/** The sums right above the button that pays. */
export const sums = (bag) =>
  html`${bag.holds.map(lineRow)}${codeRow(bag)}<div class="sums__row"><span>Parcel</span><span class="sums__amount">${price(bag.totals.shipping)}</span></div><div class="sums__row sums__row--total"><span>Total</span><span class="muted sums__vat num">incl. ${percent(bag.totals.vat_rate_bp)} % VAT, ${formatMoney(bag.totals.vat)}</span><span class="sums__amount">${price(bag.totals.total, "price--total")}</span></div>`;

/** What the button that makes the contract says. */
export const payWords = (bag) => `Pay now ${formatMoney(bag.totals.total)}`;
