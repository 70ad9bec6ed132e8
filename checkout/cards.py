"""Cards of holds: what a buyer's bag shows of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from catalog.fingerprints import milliseconds
from catalog.models import Variant
from checkout.inserting import NewHold
from checkout.models import Hold


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


def new_hold_cards(holds: Sequence[NewHold]) -> Iterator[tuple[UUID, dict[str, Any]]]:
    """Give buyer and card of holds that were just made, with two queries for all of them."""
    faces: dict[int, dict[str, Any]] = {}
    variants = Variant.objects.select_related("product").prefetch_related("product__images")
    for variant_id, variant in variants.in_bulk({hold.variant_id for hold in holds}).items():
        images = sorted(variant.product.images.all(), key=lambda image: (image.position, image.pk))
        faces[variant_id] = {
            "name": variant.product.name,
            "slug": variant.product.slug,
            "option_text": variant.option_text,
            "image": images[0].url if images else "",
        }
    for hold in holds:
        price = hold.unit_price.wire()
        yield (
            hold.buyer_id,
            {
                "id": hold.pk,
                "variant": hold.variant_id,
                "drop": hold.drop_id,
                "show": hold.show_id,
                **faces[hold.variant_id],
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
            },
        )


def with_variants(holds: list[Hold]) -> list[Hold]:
    """Give freshly made holds the variants that their cards print, in two queries for all of them."""
    variants = Variant.objects.select_related("product").prefetch_related("product__images")
    by_id = variants.in_bulk({hold.variant_id for hold in holds})
    for hold in holds:
        hold.variant = by_id[hold.variant_id]
    return holds
