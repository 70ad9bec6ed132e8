/**
 * What the show page knows: pins, drops, stock, the viewer's own holds and queue places. Pure: events in, card facts out.
 * Everything is a total, never a difference, so the same news twice changes nothing.
 */
import { dropPhase } from "lib/card-view";

const MOST_CARDS = 3;
const GONE = ["hold.expired", "hold.released", "hold.taken"];
const OUT = ["queue.offered", "queue.passed", "queue.closed", "queue.left"];
const RANK = { open: 2, paused: 3, announced: 3, sold_out: 4, ended: 7 };

export class ShowModel {
  /** `boot`: {items: [item card], pins: [item id], drops: [drop card], stock: {key: value}, sales, holds, queue}. */
  constructor(boot) {
    this.items = new Map();
    this.drops = new Map();
    this.stock = new Map();
    this.holds = new Map();
    this.places = new Map();
    this.replace(boot);
  }

  replace({ items = [], pins, drops, stock = {}, sales, holds, queue }) {
    for (const item of items) this.item(item);
    if (pins) this.pins = pins;
    if (drops) this.drops = new Map(drops.map((drop) => [drop.id, drop]));
    for (const [key, value] of Object.entries(stock)) this.count(key, value);
    if (sales) this.sales = sales;
    if (holds) this.holds = new Map(holds.map((hold) => [hold.id, hold]));
    if (queue)
      this.places = new Map(
        queue.filter((place) => place.state === "waiting").map((place) => [place.drop, place]),
      );
  }

  item(item) {
    this.items.set(item.id, item);
    if (item.drop) this.drops.set(item.drop.id, item.drop);
  }

  /** The state `pins`, once the picture is there. */
  pin(items) {
    for (const item of items) this.item(item);
    this.pins = items.map((item) => item.id);
  }

  drop(drop) {
    this.drops.set(drop.id, drop);
  }

  /** `stock:12` is a drop's row, `stock:v31` a variant's in the shop. */
  count(key, value) {
    const name = key.slice("stock:".length);
    this.stock.set(name, value);
    if (!name.startsWith("v")) return;
    const id = Number(name.slice(1));
    for (const item of this.items.values()) {
      const variant = item.variants.find((one) => one.id === id);
      if (variant) variant.left = value.left;
    }
  }

  /** Private news: `hold.*` and `queue.*`. An offer is a hold that its buyer has not taken yet. */
  mine(type, { hold, drop, position }) {
    if (GONE.includes(type)) this.holds.delete(hold.id);
    else if (hold) this.holds.set(hold.id, hold);
    if (OUT.includes(type)) this.places.delete(drop);
    if (type === "queue.joined" || type === "queue.moved")
      this.places.set(drop, { drop, position, state: "waiting" });
    if (type === "queue.passed" || type === "queue.closed") {
      for (const mine of this.holds.values())
        if (mine.offered && mine.drop === drop) this.holds.delete(mine.id);
    }
  }

  holdFor({ item, drop }) {
    const all = [...this.holds.values()].filter((hold) => hold.state === "held" || hold.state === "paying");
    if (drop) return all.find((hold) => hold.drop === drop.id);
    return (
      item && all.find((hold) => !hold.drop && item.variants.some((variant) => variant.id === hold.variant))
    );
  }

  /** All that one card depends on; `now` is the server's. */
  facts({ item, drop }, now) {
    return {
      item,
      drop,
      now,
      sales: this.sales,
      place: drop && this.places.get(drop.id),
      stock: drop && this.stock.get(String(drop.id)),
      hold: this.holdFor({ item, drop }),
    };
  }

  /** What the stage shows, the most pressing first: what is pinned, and every drop that is not over. */
  cards(now) {
    const shown = (this.pins ?? []).map((id) => this.items.get(id)).filter(Boolean);
    const subjects = shown.map((item) => ({ item, drop: this.dropOf(item, now), pinned: true }));
    for (const drop of this.drops.values()) {
      const there = subjects.some((subject) => subject.drop?.id === drop.id);
      const over =
        dropPhase({ drop, stock: this.stock.get(String(drop.id)), sales: this.sales, now }) === "ended";
      if (!there && (!over || this.holdFor({ drop }))) subjects.push({ item: this.itemOf(drop), drop });
    }
    const ranked = subjects.map((subject, index) => [this.rank(subject, now), -index, subject]);
    ranked.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    return ranked.slice(0, MOST_CARDS).map(([, , subject]) => subject);
  }

  /** The drop of an item that matters now: the one that runs or will, else the last one that is over. */
  dropOf(item, now) {
    const all = [...this.drops.values()].filter((drop) => drop.product.slug === item.product.slug);
    const alive = all.find((drop) => dropPhase({ drop, sales: this.sales, now }) !== "ended");
    return alive ?? all.sort((one, other) => other.opens_at - one.opens_at)[0] ?? null;
  }

  itemOf(drop) {
    return [...this.items.values()].find((item) => item.product.slug === drop.product.slug) ?? null;
  }

  rank({ item, drop }, now) {
    const facts = this.facts({ item, drop }, now);
    if (facts.hold) return facts.hold.offered ? 0 : 1;
    return drop ? RANK[dropPhase(facts)] : 5;
  }
}
