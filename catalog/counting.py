"""Counting: what is in the house of a variant, wherever it is. Rule guarded here: a count never makes units twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Min, Q, Sum

from catalog.models import Stock, Variant
from catalog.stock import BelowTaken, adjust_stock, shop_stock
from livecommerce.accounts.models import User


@transaction.atomic
def count_stock(*, variant: Variant, units: int, actor: User | None, now: datetime, note: str = "") -> Stock:
    """Set what is in the house to what was counted: units in drops and those sold but not sent are part of it.

    :raises BelowTaken: so many are held, sold or in drops that the shop cannot have the rest; nothing is changed.
    """
    stock = shop_stock(variant)
    # With the shop's row locked no unit moves to or from a drop.
    in_drops = sum(Stock.objects.filter(variant=variant, for_drop=True).values_list("on_hand", flat=True))
    if units - in_drops < stock.taken:
        least = stock.taken + in_drops
        raise BelowTaken(f"{least} units are held, sold or in a drop, so there cannot be {units}. Nothing was changed.")
    return adjust_stock(variant=variant, on_hand=units - in_drops, actor=actor, now=now, note=note)


def units_in_house(variant_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Give each variant's shop row and all its units, those in drops included, without a lock."""
    shop_row = Min("pk", filter=Q(for_drop=False))
    found = Stock.objects.filter(variant__in=list(variant_ids)).values_list("variant").order_by("variant")
    return {variant: (row, units) for variant, row, units in found.annotate(row=shop_row, units=Sum("on_hand"))}
