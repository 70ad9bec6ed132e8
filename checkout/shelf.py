"""The shelf: what is for sale under one subject, on which terms, and what a tap on it can be refused for.

The rule guarded here: the moment of receipt is compared with the drop's times, and words say what to do next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from catalog.fingerprints import milliseconds
from catalog.models import Stock, Variant
from catalog.models.stock import StockQuerySet
from checkout.guest_checks import refuse_unchecked
from checkout.inserting import NewHold
from checkout.models import Hold
from checkout.quotas import SHOP_MOST
from livecommerce.errors import BadInput, Refused
from livecommerce.money import Money
from streams.drops import DropNotFound, DropOver
from streams.models import Drop, DropState, Show

SHOP_HOLD = timedelta(minutes=15)
KEY_MOST = 64

type Subject = tuple[Literal["drop", "variant"], int]


class SoldOut(Refused):
    code = "drop.sold_out"
    message = "Sold out, somebody was faster. Join the queue: a unit that comes back goes to the first in line."


class NotEnough(Refused):
    code = "drop.not_enough"
    message = "Fewer are left than you asked for. Nothing was held; ask for fewer."


class DropNotOpen(Refused):
    code = "drop.not_open"
    message = "The drop is not open yet. It opens for everybody at the same moment; tap again then."


class DropPaused(Refused):
    code = "drop.paused"
    message = "Sales are paused and all clocks stand. What you hold stays yours; tap again when it goes on."


class VariantNotFound(Refused):
    code = "variant.not_found"
    status = 404
    message = "This is not on sale here."


class HoldKeyUsed(Refused):
    code = "hold.key_used"
    message = "This key was used for something else. Send a new key with each new hold."


class HoldRequest(NamedTuple):
    """One tap. `at` is when it arrived, by the database's clock; it decides whether the drop was open."""

    buyer_id: UUID
    variant_id: int | None
    quantity: int
    key: str
    at: datetime
    show_id: int | None = None
    # What a guest's device worked out for a drop that checks guests; None of somebody with an account.
    work: str | None = None


class HoldAnswer(NamedTuple):
    """What a buyer hears after the commit; the same again when the same key is sent again."""

    hold_id: int
    quantity: int
    expires_at: datetime
    price: Money

    def wire(self) -> dict[str, Any]:
        return {
            "hold": self.hold_id,
            "quantity": self.quantity,
            "expires_at": milliseconds(self.expires_at),
            "price": self.price.wire(),
        }


@dataclass(slots=True)
class Shelf:
    """What is for sale under one subject, and its terms, as read in this transaction."""

    drop: Drop | None
    show_id: int | None
    rows: dict[int, Stock]
    prices: dict[int, Money]
    most: int
    lifetime: timedelta
    paused_shows: frozenset[int] = frozenset()
    granted: Counter[int] = field(default_factory=Counter)

    def left(self, variant_id: int) -> int:
        return self.rows[variant_id].left - self.granted[variant_id]

    def variant_of(self, request: HoldRequest) -> int:
        return request.variant_id if request.variant_id is not None else next(iter(self.rows))

    @property
    def quota_subject(self) -> dict[str, int | None]:
        return {
            "drop_id": self.drop.pk if self.drop else None,
            "variant_id": None if self.drop else next(iter(self.rows), None),
        }


def rows_of(subject: Subject) -> StockQuerySet:
    kind, pk = subject
    return Stock.objects.filter(drop_item__drop=pk) if kind == "drop" else Stock.objects.shop().filter(variant=pk)


def read_shelf(
    subject: Subject, rows: Sequence[Stock], requests: Sequence[HoldRequest], drop: Drop | None = None
) -> Shelf:
    """Put together the terms; `drop` is given by who has read it already.

    :raises DropNotFound, VariantNotFound: there is nothing under this subject.
    """
    kind, pk = subject
    by_variant = {row.variant_id: row for row in rows}
    if kind == "drop":
        drop = drop or Drop.objects.filter(pk=pk).first()
        if drop is None or not rows:
            raise DropNotFound
        return Shelf(
            drop=drop,
            show_id=drop.show_id,
            rows=by_variant,
            prices=dict.fromkeys(by_variant, drop.price),
            most=drop.per_buyer,
            lifetime=timedelta(seconds=drop.hold_seconds),
        )
    variant = Variant.objects.filter(pk=pk, is_active=True, product__is_listed=True).first()
    if variant is None or not rows:
        raise VariantNotFound
    shows = Show.objects.filter(pk__in={request.show_id for request in requests}, sales_paused_at__isnull=False)
    return Shelf(
        drop=None,
        show_id=None,
        rows=by_variant,
        prices={pk: variant.price},
        most=SHOP_MOST,
        lifetime=SHOP_HOLD,
        paused_shows=frozenset(shows.values_list("pk", flat=True)),
    )


def answer_known(shelf: Shelf, hold: Hold | NewHold, request: HoldRequest) -> HoldAnswer | Exception:
    """Answer as before, unless the key now comes with another wish."""
    drop_id = shelf.drop.pk if shelf.drop else None
    if (hold.drop_id, hold.quantity) != (drop_id, request.quantity) or hold.variant_id != shelf.variant_of(request):
        return HoldKeyUsed()
    return answer_new(hold)


def answer_new(hold: Hold | NewHold) -> HoldAnswer:
    return HoldAnswer(hold.pk, hold.quantity, hold.expires_at, hold.unit_price)


def refusal(shelf: Shelf, request: HoldRequest) -> Refused | None:
    """Say what is wrong with a tap whatever is left, or nothing."""
    if not 1 <= len(request.key) <= KEY_MOST or "\0" in request.key:
        return BadInput(fields={"key": f"A key of 1 to {KEY_MOST} characters of your own is needed."})
    if not 1 <= request.quantity <= shelf.most:
        return BadInput(fields={"quantity": f"Between 1 and {shelf.most}."})
    if shelf.drop is None:
        return DropPaused() if request.show_id in shelf.paused_shows else None
    if request.show_id is not None and request.show_id != shelf.show_id:
        return DropNotFound()
    if request.variant_id not in shelf.rows and (request.variant_id is not None or len(shelf.rows) > 1):
        return BadInput(fields={"variant": "One of the drop's variants is needed."})
    return closed(shelf.drop, request.at) or refuse_unchecked(shelf.drop, buyer_id=request.buyer_id, work=request.work)


def closed(drop: Drop, at: datetime) -> Refused | None:
    """Compare the moment of receipt with the drop's times."""
    state = drop.state_at(at)
    if state == DropState.PAUSED:
        return DropPaused()
    if state == DropState.ANNOUNCED:
        return DropNotOpen(retry_in=round((drop.opens_at - at).total_seconds(), 3))
    return DropOver() if state == DropState.CLOSED else None


def shortage(shelf: Shelf, request: HoldRequest) -> Refused | None:
    left = shelf.left(shelf.variant_of(request))
    if left >= request.quantity:
        return None
    if left:
        return NotEnough(f"{left} left, you asked for {request.quantity}. Nothing was held; ask for fewer.")
    return SoldOut()
