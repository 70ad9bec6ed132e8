"""Item cards: what a viewer sees of a line-up item. One form for pins, sheet, line-up, API and snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livecommerce.money import Money

if TYPE_CHECKING:
    from catalog.models import Product, Variant
    from streams.models import LineupItem


def item_card(item: LineupItem, product: Product, drop: dict[str, Any] | None) -> dict[str, Any]:
    """The card of an item. `product` went through `load_offers`; `drop` is the card of its newest in the show.

    `price` is the lowest a viewer could pay now; `earlier_price` stands beside a drop's price only, and is the lowest
    of the 30 days before it was announced (Directive 98/6/EC, article 6a). `left` may be stale by a tick: the state
    `stock:…` overlays it.
    """
    running = drop is not None and drop["state"] != "closed"
    variants = [_variant_card(variant) for variant in product.offer]
    plain = min((variant.price_minor for variant in product.offer), default=0)
    price = drop["price"] if drop is not None and running else Money(plain, product.brand.currency).wire()
    earlier = drop["earlier_price"] if drop is not None and running else None
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
        "drop": drop,
        "plain": not running,
        "note": item.cue,
    }


def _variant_card(variant: Variant) -> dict[str, Any]:
    return {
        "id": variant.pk,
        "sku": variant.sku,
        "name": variant.option_text,
        "options": variant.option_values,
        "price": variant.price.wire(),
        "left": variant.shop_left,
    }
