"""Item cards: what a viewer sees of a line-up item. One form for pins, sheet, line-up, API and snapshot."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from livecommerce.money import Money
from streams.drops import drop_card

if TYPE_CHECKING:
    from catalog.models import Product, Variant
    from streams.models import Drop, LineupItem


def item_card(item: LineupItem, product: Product, drop: Drop | None, now: datetime) -> dict[str, Any]:
    """The card of an item. `product` comes from `Product.objects.with_offer()`; `drop` is its newest in the show.

    `price` is the lowest a viewer could pay now; `earlier_price` stands beside a drop's price only, and is the lowest
    of the 30 days before it was announced (Directive 98/6/EC, article 6a). `left` may be stale by a tick: the state
    `stock:…` overlays it.
    """
    card = drop_card(drop, now) if drop is not None else None
    running = card is not None and card["state"] != "closed"
    variants = [_variant_card(variant) for variant in product.offer]
    plain = min((variant.price_minor for variant in product.offer), default=0)
    price = card["price"] if card is not None and running else Money(plain, product.brand.currency).wire()
    earlier = card["earlier_price"] if card is not None and running else None
    return {
        "id": item.pk,
        "product": {
            "id": product.pk,
            "slug": product.slug,
            "name": product.name,
            "image": product.gallery[0].url if product.gallery else "",
        },
        "variants": variants,
        "price": price,
        "earlier_price": earlier,
        "low_30d": earlier,
        "drop": card,
        "plain": not running,
        "note": item.cue,
    }


def _variant_card(variant: Variant) -> dict[str, Any]:
    stock = variant.shop_stocks[0] if variant.shop_stocks else None
    return {
        "id": variant.pk,
        "sku": variant.sku,
        "name": variant.option_text,
        "options": variant.option_values,
        "price": variant.price.wire(),
        "left": stock.left if stock else 0,
    }
