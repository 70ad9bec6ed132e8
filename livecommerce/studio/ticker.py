"""Ticker and spark line: how sales move, from the rows of the checkout. A hold is never counted as a sale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nlargest

from checkout.models import Hold, Order
from livecommerce.money import Money
from streams.models import Show

LINES = 8
WIDTH, HEIGHT, BASE = 320, 56, 54
MOST_POINTS = 60

_HOLD_WORDS = {
    "released": ("Released", ""),
    "expired": ("Released", ""),
    "held": ("Held", "held"),
    "paying": ("Held", "held"),
}


@dataclass(frozen=True, kw_only=True)
class TickerLine:
    """One line: when on the show's clock, what, of what, how much."""

    at: datetime
    seconds: float
    word: str
    badge: str
    text: str
    amount: Money | None = None


@dataclass(frozen=True, kw_only=True)
class Spark:
    """Sales per minute as SVG paths in a box of 320 × 56, with a line where something was pinned."""

    line: str
    area: str
    pins: str
    words: str


def latest_sales(show: Show) -> Sequence[TickerLine]:
    """The newest orders and holds of a show, newest first."""
    start = show.live_started_at or show.starts_at
    orders = Order.objects.paid_in(show.pk).order_by("-paid_at").prefetch_related("lines")[:LINES]
    holds = Hold.objects.filter(show=show).exclude(state=Hold.State.COMMITTED).select_related("variant__product")
    lines = [
        *(_of_order(order, start) for order in orders if order.paid_at),
        *(_of_hold(hold, start) for hold in holds.order_by("-placed_at")[:LINES]),
    ]
    return nlargest(LINES, lines, key=lambda line: line.at)


def spark_of(per_minute: Sequence[int], *, start: datetime | None, pins: Iterable[datetime]) -> Spark | None:
    """Draw the minutes of a show; a short one starts at the left and grows."""
    if start is None or not per_minute:
        return None
    first = max(0, len(per_minute) - MOST_POINTS)
    shown = list(per_minute[first:]) if len(per_minute) > 1 else [0, *per_minute]
    most = max(shown) or 1
    step = WIDTH / max(1, len(shown) - 1)
    points = [f"{place * step:.0f} {BASE - (BASE - 4) * minor / most:.0f}" for place, minor in enumerate(shown)]
    line = "M" + " L".join(points)
    since = start + timedelta(minutes=first)
    places = {round((pin - since).total_seconds() / 60 * step) for pin in pins}
    peak = max(range(len(shown)), key=shown.__getitem__)
    words = f"Sales per minute, highest in minute {first + peak + 1}" if max(shown) else "No sales yet"
    return Spark(
        line=line,
        area=f"{line} L{WIDTH} {HEIGHT} L0 {HEIGHT}Z",
        pins=" ".join(f"M{place} 0V{HEIGHT}" for place in sorted(places) if 0 <= place <= WIDTH),
        words=words,
    )


def _of_order(order: Order, start: datetime) -> TickerLine:
    parts = [
        f"{line.quantity} {line.name}{', ' + line.option_text if line.option_text else ''}"
        for line in order.lines.all()
    ]
    city = str(order.address.get("city", ""))
    at = order.paid_at or order.placed_at
    return TickerLine(
        at=at,
        seconds=(at - start).total_seconds(),
        word="Paid",
        badge="sold",
        text=" and ".join(parts) + (f", {city}" if city else ""),
        amount=order.total,
    )


def _of_hold(hold: Hold, start: datetime) -> TickerLine:
    word, badge = _HOLD_WORDS[hold.state]
    at = hold.ended_at or hold.placed_at
    option = f", {hold.variant.option_text}" if hold.variant.option_text else ""
    back = ", back in stock" if word == "Released" else ""
    text = f"{hold.quantity} {hold.variant.product.name}{option}{back}"
    return TickerLine(at=at, seconds=(at - start).total_seconds(), word=word, badge=badge, text=text)
