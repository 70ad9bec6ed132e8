"""Drops as the Studio shows them: the one that runs, and the one that is planned next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.models import Product, Variant
from catalog.prices import lowest_price_30_days
from checkout.counts import drop_figures
from checkout.models import Order
from livecommerce.money import Money
from livecommerce.studio.rundown import Rundown
from streams.drop_terms import WINDOW_LEAST, WINDOW_MOST
from streams.models import Drop, LineupItem, Show


@dataclass(frozen=True, kw_only=True)
class RunningDrop:
    """A drop that is announced, on sale or paused, with its units as the checkout counts them."""

    drop: Drop
    state: str
    image: str
    units: int
    sold: int
    held: int
    left: int
    queue: int
    orders: int
    back_at: int | None
    now: datetime

    @property
    def pk(self) -> int:
        return self.drop.pk

    @property
    def name(self) -> str:
        return self.drop.product.name

    @property
    def price(self) -> Money:
        return self.drop.price

    @property
    def earlier(self) -> Money | None:
        minor = self.drop.earlier_price_minor
        return Money(minor, self.drop.currency) if minor else None

    @property
    def per_buyer(self) -> int:
        return self.drop.per_buyer

    @property
    def opens_at(self) -> datetime:
        return self.drop.opens_at

    @property
    def closes_at(self) -> datetime:
        return self.drop.closes_at

    @property
    def window_seconds(self) -> int:
        return self.drop.window_seconds

    @property
    def lot(self) -> str:
        """Where a draw stands; empty when there is none."""
        if self.drop.draw_ends_at is None or self.state not in {"announced", "open"}:
            return ""
        if self.drop.drawn_at:
            return "drawn by lot"
        if self.state == "announced":
            return f"by lot among the first {self.drop.draw_seconds} s"
        return f"{self.queue} in the draw" if self.now < self.drop.draw_ends_at else "being drawn"

    @property
    def announce_seconds(self) -> int:
        return round((self.drop.opens_at - self.drop.announced_at).total_seconds() - self.drop.paused_seconds)

    @property
    def seconds_left(self) -> float:
        """On the drop's own clock: while it is paused that clock stands."""
        return (self.drop.closes_at - (self.drop.paused_at or self.now)).total_seconds()

    @property
    def seconds_to_open(self) -> float:
        return (self.drop.opens_at - (self.drop.paused_at or self.now)).total_seconds()


@dataclass(frozen=True, kw_only=True)
class DropPlan:
    """The drop that a line-up item plans, ready to be announced."""

    item: LineupItem
    image: str
    price: Money
    low: Money | None
    units: int
    shares: Sequence[tuple[Variant, int]]
    per_buyer: int
    window_seconds: int
    draw_seconds: int
    planned_at: int
    run: int

    @property
    def name(self) -> str:
        return self.item.product.name

    @property
    def blocked_because(self) -> str:
        """Why it cannot start; empty when it can."""
        return "" if self.units else "Nothing of it is left in the shop. The brand can add stock in the admin."


def running_drop(show: Show, *, now: datetime) -> RunningDrop | None:
    """The drop that is not over yet; the oldest, should there be several."""
    drop = Drop.objects.with_units().running().filter(show=show).order_by("opens_at", "pk").first()
    if drop is None:
        return None
    state = drop.state_at(now)
    counts = dict(next(iter(drop_figures(drop.pk).values()))[1])
    images = list(drop.product.images.all())
    return RunningDrop(
        drop=drop,
        state=str(state),
        image=images[0].url if images else "",
        units=sum(item.units for item in drop.items.all()),
        sold=counts["sold"],
        held=counts["held"],
        left=counts["left"],
        queue=counts["queue"],
        orders=Order.objects.paid_in(show.pk).filter(holds__drop=drop).distinct().count(),
        back_at=counts["back_at"],
        now=now,
    )


def next_plan(show: Show, *, rundown: Rundown, now: datetime) -> DropPlan | None:
    """The planned drop that has not run, first the one on the picture; when all have run, the last again."""
    runs: dict[int, int] = {}
    for item_id in Drop.objects.filter(show=show).order_by("announced_at").values_list("item_id", flat=True):
        runs[item_id] = runs.get(item_id, 0) + 1
    cues = [cue for cue in rundown.cues if cue.is_drop]
    fresh = [cue for cue in cues if cue.item.pk not in runs and cue.state != "done"]
    again = [cue for cue in cues if cue.item.pk in runs]
    chosen = next((cue for cue in fresh if cue.state == "now"), None) or next(iter(fresh), None)
    if chosen is None:
        last = next(reversed(runs), None)
        chosen = next((cue for cue in again if cue.item.pk == last), None)
    if chosen is None:
        return None
    run = runs.get(chosen.item.pk, 0) + 1
    return plan_of(chosen.item, planned_at=chosen.planned_at, run=run, now=now)


def plan_of(item: LineupItem, *, planned_at: int, run: int, now: datetime) -> DropPlan | None:
    """Read an item's plan against the stock that is there: never more units than the shop has."""
    if item.drop_price_minor is None:
        return None
    product = Product.objects.with_offer().get(pk=item.product_id)
    free = [(variant, sum(stock.left for stock in variant.shop_stocks)) for variant in product.offer]
    shares = share_units(item.drop_units or 0, free)
    lows = [low for variant, _ in shares or free if (low := lowest_price_30_days(variant, now)) is not None]
    return DropPlan(
        item=item,
        image=product.gallery[0].url if product.gallery else "",
        price=Money(item.drop_price_minor, product.brand.currency),
        low=min(lows, default=None),
        units=sum(units for _, units in shares),
        shares=shares,
        per_buyer=item.drop_per_buyer,
        window_seconds=max(WINDOW_LEAST, min(WINDOW_MOST, item.planned_minutes * 60)),
        draw_seconds=item.drop_draw_seconds,
        planned_at=planned_at,
        run=run,
    )


def share_units(units: int, free: Sequence[tuple[Variant, int]]) -> list[tuple[Variant, int]]:
    """Divide planned units over the variants as their stock is divided, and never beyond it."""
    total = sum(count for _, count in free)
    units = min(units, total)
    if not units:
        return []
    shares = [(variant, count, units * count // total) for variant, count in free]
    rest = units - sum(share for _, _, share in shares)
    divided = []
    for variant, count, share in shares:
        extra = min(rest, count - share, 1)
        rest -= extra
        divided.append((variant, share + extra))
    return [(variant, share) for variant, share in divided if share]
