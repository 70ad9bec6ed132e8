/** What the payment sheet tells in place of its form: what happened, what is safe, what next. No state. */
import { symbol } from "lib/checkout-view";
import { html } from "lib/html";
import { formatMoney } from "lib/money-format";

const news = ({ kind, icon, title, text, acts }) =>
  html`<div class="notice notice--${kind}"><span class="notice__icon">${symbol(icon)}</span><p><span class="notice__title">${title}</span> ${text}</p></div><div class="sheet__acts">${acts}</div>`;

const act = (name, words, look = "quiet") =>
  html`<button class="button button--${look} button--large button--wide" type="button" data-act="${name}">${words}</button>`;

const way = (href, words) =>
  html`<a class="button button--quiet button--large button--wide" href="${href}">${words}</a>`;

const back = () => act("close", "Back to the show");

export const askNews = (order) => {
  const amount = formatMoney({ amount: order.total, currency: order.currency });
  return news({
    kind: "info",
    icon: "card",
    title: `Practice bank: do you pay ${amount} to ${order.seller}?`,
    text: `Card ending ${order.payment.card}. Nothing is charged before you agree, and the hold waits for you.`,
    acts: [act("agree", `Pay now ${amount}`, "buy"), act("refuse", "No, do not pay")],
  });
};

export const waitNews = (order) =>
  news({
    kind: "info",
    icon: "timer",
    title: "Your bank has not answered yet.",
    text: "What you hold stays yours while it thinks. You can go on watching; the order tells you by itself.",
    acts: [back(), way(order.url, `See order ${order.code}`)],
  });

export const paidNews = (code, url) =>
  news({
    kind: "good",
    icon: "check-circle",
    title: "Paid, it is yours.",
    text: `Order ${code}. The confirmation is on its way to your mail box.`,
    acts: [back(), way(url, "See the order")],
  });

export const goneNews = () =>
  news({
    kind: "info",
    icon: "info",
    title: "The hold is over.",
    text: "It went back to the shop and nothing was charged. If there is stock, hold it again.",
    acts: [back()],
  });

export const emptyNews = () =>
  news({
    kind: "info",
    icon: "bag",
    title: "Nothing is held for you.",
    text: "What you hold stands here, with its clock.",
    acts: [back()],
  });
