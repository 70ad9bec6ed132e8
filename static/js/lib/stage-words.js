/** What the stage says aloud about drops. Seconds are never said; stock only at a half, 10, 3 and none. */
import { formatMoney } from "lib/money-format";

/** The sentence for a move of a drop. */
export const sayDrops = (type, drop) => {
  const { name } = drop.product;
  return {
    "drop.scheduled": `Drop announced: ${name}, ${formatMoney(drop.price)}, ${drop.units} units.`,
    "drop.opened": `On sale now: ${name}, ${formatMoney(drop.price)}.`,
    "drop.paused": `Paused: ${name}. No time is lost.`,
    "drop.resumed": `Goes on: ${name}.`,
    "drop.sold_out": `Sold out: ${name}. You may join the queue.`,
    "drop.closed": `The drop is over: ${name}.`,
  }[type];
};
