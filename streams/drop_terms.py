"""The terms of a drop: what may be asked for, and how a draw is sealed. Rule guarded here: said before, kept after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Any

from catalog.models import Variant
from livecommerce.errors import BadInput
from livecommerce.money import Money

COUNTDOWN_MOST = 300
WINDOW_LEAST = 60
WINDOW_MOST = 20 * 60
HOLD_SECONDS = 300
HOLD_LEAST, HOLD_MOST = 30, 30 * 60
DRAW_MOST = 60
# Who is drawn has 30 seconds to take the unit, so a draw ends at least so long before its drop.
AFTER_DRAW = 30
# 16,384 hashes of 4 KB on average, while the drop counts down: 0.1 s on a desktop, a second on a slow phone.
GUEST_CHECK_BITS = 14
TERMS = {
    "items": "One or several different variants of one product.",
    "units": "At least one unit of each variant.",
    "price": "A price above zero, in the currency of the product.",
    "per_buyer": "At least one per buyer.",
    "opens_in": f"Between 0 (as soon as fair) and {COUNTDOWN_MOST} seconds.",
    "window": f"Between {WINDOW_LEAST} and {WINDOW_MOST} seconds.",
    "hold_seconds": f"Between {HOLD_LEAST} and {HOLD_MOST} seconds.",
    "draw_seconds": f"Between 0 (no draw) and {DRAW_MOST} seconds, and {AFTER_DRAW} less than the drop lasts.",
}


def check_terms(  # noqa: PLR0917 - the terms, as the verb got them
    items: Sequence[tuple[Variant, int]],
    price: Money,
    per_buyer: int,
    opens_in: float,
    window: int,
    hold_seconds: int,
    draw_seconds: int,
) -> None:
    """Look at what is asked for.

    :raises BadInput: with a sentence for each term that cannot be.
    """
    variants = [variant for variant, _ in items]
    several_products = len({variant.product_id for variant in variants}) > 1
    wrong = {
        "items": not items or len({variant.pk for variant in variants}) < len(items) or several_products,
        "units": any(units < 1 for _, units in items),
        "price": price.minor < 1 or any(variant.currency != price.currency for variant in variants),
        "per_buyer": per_buyer < 1,
        "opens_in": not 0 <= opens_in <= COUNTDOWN_MOST,
        "window": not WINDOW_LEAST <= window <= WINDOW_MOST,
        "hold_seconds": not HOLD_LEAST <= hold_seconds <= HOLD_MOST,
        "draw_seconds": draw_seconds != 0 and not 0 < draw_seconds <= min(DRAW_MOST, window - AFTER_DRAW),
    }
    fields = {name: TERMS[name] for name, is_wrong in wrong.items() if is_wrong}
    if fields:
        raise BadInput(fields=fields)


def sealed_draw(draw_seconds: int, opens_at: datetime) -> dict[str, Any]:
    """Fix the seed of a draw now, to be shown afterwards; its fingerprint is the promise."""
    if not draw_seconds:
        return {}
    seed = token_hex(16)
    return {
        "draw_seconds": draw_seconds,
        "draw_ends_at": opens_at + timedelta(seconds=draw_seconds),
        "draw_seed": seed,
        "draw_promise": sha256(seed.encode()).hexdigest(),
    }


def salted_check(*, asked: bool) -> dict[str, Any]:
    """Fix how hard the guest check is, with a salt that nobody knows before the announcement."""
    if not asked:
        return {}
    return {"guest_check_bits": GUEST_CHECK_BITS, "guest_check_salt": token_hex(8)}
