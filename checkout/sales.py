"""Sales of a show: the Studio's figures. Rule guarded here: a hold is never counted as a sale."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count, Sum
from django.db.models.functions import TruncMinute

from checkout.models import Order
from livecommerce.money import Money

if TYPE_CHECKING:
    from streams.models import Show


@dataclass(frozen=True, kw_only=True)
class Sales:
    """What a show has sold. `per_minute` has one amount in minor units for every minute since it went live."""

    paid: Money
    orders: int
    per_order: Money
    per_minute: list[int]

    def wire(self) -> dict[str, object]:
        return {
            "paid": self.paid.wire(),
            "orders": self.orders,
            "per_order": self.per_order.wire(),
            "per_minute": self.per_minute,
        }


def sales_of(show: "Show", now: datetime) -> Sales:
    """Sum up a show's paid orders, in one query."""
    minutes = (
        Order.objects.paid_in(show.pk)
        .annotate(minute=TruncMinute("paid_at"))
        .values("minute")
        .annotate(orders=Count("pk"), minor=Sum("total_minor"))
        .order_by("minute")
    )
    rows = [(row["minute"], row["orders"], row["minor"]) for row in minutes]
    paid, orders = sum(minor for _, _, minor in rows), sum(count for _, count, _ in rows)
    currency = show.brand.currency
    return Sales(
        paid=Money(paid, currency),
        orders=orders,
        per_order=Money(paid // orders if orders else 0, currency),
        per_minute=_series(
            {minute: minor for minute, _, minor in rows}, _first_minute(show, now), show.ended_at or now
        ),
    )


def _first_minute(show: "Show", now: datetime) -> datetime:
    return (show.live_started_at or now).replace(second=0, microsecond=0)


def _series(minors: dict[datetime, int], first: datetime, last: datetime) -> list[int]:
    """Fill the minutes without a sale; what came before going live counts with the first minute."""
    length = max(1, min(24 * 60, int((last - first).total_seconds() // 60) + 1))
    series = [0] * length
    for minute, minor in minors.items():
        series[min(length - 1, max(0, int((minute - first).total_seconds() // 60)))] += minor
    return series
