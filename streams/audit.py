"""What must always be true of drops."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Sum

from catalog.audit import Invariant
from catalog.models import StockEntry
from streams.models import Drop, DropItem


def twice_on_sale() -> Iterator[str]:
    running = DropItem.objects.filter(drop__closed_at__isnull=True).order_by().values("variant")
    for row in running.annotate(drops=Count("pk")).filter(drops__gt=1):
        yield f"variant {row['variant']} is in {row['drops']} drops at once"


def lost_units() -> Iterator[str]:
    """Allotted = still there + back in the shop, for every variant of every drop."""
    entries = StockEntry.objects.filter(stock__for_drop=True).order_by()
    moved = {
        (row["stock"], row["kind"]): row["units"]
        for row in entries.values("stock", "kind").annotate(units=Sum("quantity"))
    }
    for item in DropItem.objects.select_related("stock"):
        allotted, returned = moved.get((item.stock_id, "allotted"), 0), -moved.get((item.stock_id, "returned"), 0)
        if not item.units == allotted == item.stock.on_hand + returned:
            yield f"drop {item.drop_id}: {item.units} promised, {allotted} allotted, {returned} returned"


def wrong_sums() -> Iterator[str]:
    for drop in Drop.objects.filter(closed_at__isnull=False, paused_at__isnull=False):
        yield f"drop {drop.pk} is over and paused at once"


INVARIANTS = (
    Invariant("drops: a variant is in one open drop at most", twice_on_sale),
    Invariant("drops: allotted units are there or back in the shop", lost_units),
    Invariant("drops: what is over does not stand still", wrong_sums),
)
