"""Cards of holds: what a buyer's bag shows of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from catalog.fingerprints import milliseconds
from catalog.models import Product, ProductImage, Variant
from checkout.inserting import NewHold
from checkout.models import Hold
from livecommerce.trips import Question


def hold_card(hold: Hold, now: datetime) -> dict[str, Any]:
    """Give what the wire says of a hold. Load it `with_card()`; all moments are ms of the server's clock."""
    images = sorted(hold.variant.product.images.all(), key=lambda image: (image.position, image.pk))
    return {
        "id": hold.pk,
        "variant": hold.variant_id,
        "drop": hold.drop_id,
        "show": hold.show_id,
        "name": hold.variant.product.name,
        "slug": hold.variant.product.slug,
        "option_text": hold.variant.option_text,
        "image": images[0].url if images else "",
        "quantity": hold.quantity,
        "state": str(Hold.State.EXPIRED) if hold.is_overdue(now) else hold.state,
        "unit_price": hold.unit_price.wire(),
        "total": hold.total.wire(),
        "expires_at": milliseconds(hold.expires_at),
        "paused": hold.paused_at is not None,
        "paused_at": milliseconds(hold.paused_at) if hold.paused_at else None,
        "can_extend": hold.is_open and hold.extended_at is None and hold.offered_at is None,
        "offered": hold.offered_at is not None,
        "order": hold.order_id,
    }


class Face(NamedTuple):
    """What a card shows of the thing that is held."""

    name: str
    slug: str
    option_text: str
    image: str


_variant = Question(lambda pk: Variant.objects.filter(pk=pk))
_product = Question(lambda pk: Product.objects.filter(variants=pk))
_image = Question(lambda pk: ProductImage.objects.filter(product__variants=pk).order_by("position", "pk")[:1])


def ask_faces(variant_ids: Iterable[int]) -> Callable[[], dict[int, Face]]:
    """Have faces read; what comes back gives them when the trip is over."""
    asked = {pk: (_variant.ask(pk), _product.ask(pk), _image.ask(pk)) for pk in variant_ids}

    def read() -> dict[int, Face]:
        faces = {}
        for pk, (variants, products, images) in asked.items():
            variant, product = variants()[0], products()[0]
            url = next((image.url for image in images()), "")
            faces[pk] = Face(product.name, product.slug, variant.option_text, url)
        return faces

    return read


def new_hold_card(hold: NewHold, face: Face) -> dict[str, Any]:
    """Give the card of a hold that was just made."""
    price = hold.unit_price.wire()
    return {
        "id": hold.pk,
        "variant": hold.variant_id,
        "drop": hold.drop_id,
        "show": hold.show_id,
        **face._asdict(),
        "quantity": hold.quantity,
        "state": str(Hold.State.HELD),
        "unit_price": price,
        "total": {"amount": price["amount"] * hold.quantity, "currency": price["currency"]},
        "expires_at": milliseconds(hold.expires_at),
        "paused": hold.paused_at is not None,
        "paused_at": milliseconds(hold.paused_at) if hold.paused_at else None,
        "can_extend": hold.offered_at is None,
        "offered": hold.offered_at is not None,
        "order": None,
    }


def with_variants(holds: list[Hold]) -> list[Hold]:
    """Give freshly made holds the variants that their cards print, in two queries for all of them."""
    variants = Variant.objects.select_related("product").prefetch_related("product__images")
    by_id = variants.in_bulk({hold.variant_id for hold in holds})
    for hold in holds:
        hold.variant = by_id[hold.variant_id]
    return holds
