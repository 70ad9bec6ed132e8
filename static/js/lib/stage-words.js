/**
 * What the stage says aloud. Drops: announced, on sale, 5 min, 1 min, 15 s, over; stock at a half, 10, 3 and none; the viewer's own
 * hold at 45 s. Seconds are never said, and nothing is said twice.
 */
import { dropPhase } from "lib/card-view";
import { secondsLeft } from "lib/countdown";
import { formatMoney } from "lib/money-format";

const ENDS = [
  [15, "15 seconds left"],
  [60, "1 minute left"],
  [300, "5 minutes left"],
];
const FEW = [3, 10];
const LAST_OF_A_HOLD = 45;

/** The sentence for a move of a drop. */
export const sayDrops = (type, drop) => {
  const { name } = drop.product;
  return {
    "drop.scheduled": `Drop announced: ${name}, ${formatMoney(drop.price)}, ${drop.units} units.`,
    "drop.opened": `On sale now: ${name}, ${formatMoney(drop.price)}.`,
    "drop.paused": `Paused: ${name}. No time is lost.`,
    "drop.resumed": `Goes on: ${name}.`,
    "drop.drawn": `The lots are drawn: ${name}.`,
    "drop.sold_out": `Sold out: ${name}. You may join the queue.`,
    "drop.closed": `The drop is over: ${name}.`,
  }[type];
};

/** Looks at the model now and then, and returns the sentences that are due. */
export class StageVoice {
  #said = new Map();

  due(model, now) {
    const sentences = [];
    for (const drop of model.drops.values()) {
      const stock = model.stock.get(String(drop.id));
      if (dropPhase({ drop, stock, sales: model.sales, now }) !== "open") continue;
      sentences.push(
        this.#step(`end ${drop.id}`, this.#end(drop, now)),
        this.#step(`left ${drop.id}`, this.#left(drop, stock)),
      );
    }
    for (const hold of model.holds.values()) {
      const late = !hold.offered && !hold.paused_at && secondsLeft(hold.expires_at, now) <= LAST_OF_A_HOLD;
      sentences.push(
        this.#step(`hold ${hold.id}`, late ? `${LAST_OF_A_HOLD} seconds left to pay for ${hold.name}.` : ""),
      );
    }
    return sentences.filter(Boolean);
  }

  #end(drop, now) {
    const [, words] = ENDS.find(([seconds]) => secondsLeft(drop.closes_at, now) <= seconds) ?? [];
    return words ? `${words}: ${drop.product.name}.` : "";
  }

  #left(drop, stock) {
    if (!stock) return "";
    const few = FEW.find((count) => stock.left <= count);
    if (few) return `${few} or fewer left: ${drop.product.name}.`;
    return stock.left * 2 <= drop.units ? `Half is gone: ${drop.product.name}.` : "";
  }

  /** A sentence counts when it is another than before; what stood there when the page came is known, not news. */
  #step(subject, sentence) {
    const before = this.#said.get(subject);
    this.#said.set(subject, sentence);
    return before === undefined || before === sentence ? "" : sentence;
  }
}
