"""Prices: what a variant costs, and what it cost. The rule guarded here: a struck price is the lowest of 30 days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from catalog.models import PriceChange, Variant
from livecommerce.accounts.models import User
from livecommerce.errors import BadInput
from livecommerce.money import Money

# Directive 98/6/EC, article 6a: the prior price is the lowest one applied in the 30 days before the reduction.
LOOK_BACK = timedelta(days=30)


@transaction.atomic
def set_price(*, variant: Variant, price: Money, actor: User | None, now: datetime) -> None:
    """Change what the variant costs in the shop; holds and orders keep the price they were made at."""
    if price.minor <= 0 or price.currency != variant.currency:
        raise BadInput(fields={"price": f"A price above zero in {variant.currency} is needed."})
    variant.price_minor = price.minor
    variant.save(update_fields=["price_minor"])
    PriceChange.objects.create(variant=variant, price_minor=price.minor, at=now, actor=actor)


def note_drop_price(
    *, variants: Iterable[Variant], price: Money, at: datetime, until: datetime, actor: User | None
) -> None:
    """Write a drop's price into the history: it was applied, so it counts for what may be struck later."""
    PriceChange.objects.bulk_create(
        PriceChange(variant=variant, price_minor=price.minor, at=at, until=until, actor=actor) for variant in variants
    )


def lowest_price_30_days(variant: Variant, now: datetime) -> Money | None:
    """Find the lowest price of the last 30 days, or nothing when there is no history that long ago or since."""
    return lowest_prices_30_days([variant.pk], now).get(variant.pk)


def lowest_prices_30_days(variant_ids: Iterable[int], now: datetime) -> dict[int, Money]:
    """Find the lowest prices of several variants in one query."""
    history = PriceChange.objects.filter(variant_id__in=list(variant_ids), at__lte=now).order_by(
        "variant_id", "at", "pk"
    )
    lowest: dict[int, Money] = {}
    since = now - LOOK_BACK
    shop: dict[int, Money] = {}
    for change in history.filter(Q(until__isnull=True) | Q(until__gt=since)).annotate(currency=F("variant__currency")):
        price = Money(change.price_minor, change.currency)
        if change.until is None and change.at <= since:
            # The last shop price set before the window was the price when the window began.
            shop[change.variant_id] = price
            continue
        before = lowest.get(change.variant_id)
        lowest[change.variant_id] = price if before is None else min(before, price)
    for variant_id, price in shop.items():
        lowest[variant_id] = min(price, lowest.get(variant_id, price))
    return lowest
