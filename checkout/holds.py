"""Holds: short reservations. The rule guarded here: a unit is held by one buyer, never longer than its time.

Signatures first; the bodies follow in the next commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from checkout.models import Hold
from checkout.models.hold import HoldQuerySet
from livecommerce.errors import NotFound, Refused
from livecommerce.money import Money

if TYPE_CHECKING:
    from checkout.models import Order
    from streams.models import Show


class SoldOut(Refused):
    code = "drop.sold_out"
    message = "Sold out: somebody was faster. You may join the queue; a unit that comes back goes to the first in line."


class HoldNotFound(NotFound):
    code = "hold.not_found"
    message = "This hold is not there, or not yours."


class HoldOver(Refused):
    code = "hold.over"
    message = "The hold is over. Hold again if something is left."


@dataclass(frozen=True, slots=True)
class HoldAnswer:
    """What a buyer hears after the commit; the same again when the same key is sent again."""

    hold_id: int
    quantity: int
    expires_at: datetime
    price: Money

    def wire(self) -> dict[str, Any]:
        return {
            "hold": self.hold_id,
            "quantity": self.quantity,
            "expires_at": int(self.expires_at.timestamp() * 1000),
            "price": self.price.wire(),
        }


def place_hold(
    *,
    buyer_id: UUID,
    drop_id: int | None = None,
    variant_id: int | None = None,
    quantity: int,
    key: str,
    show_id: int | None = None,
    now: datetime,
) -> HoldAnswer:
    raise NotImplementedError


def release_hold(*, hold_id: int, buyer_id: UUID, now: datetime) -> None:
    raise NotImplementedError


def extend_hold(*, hold_id: int, buyer_id: UUID, now: datetime) -> Hold:
    raise NotImplementedError


def expire_overdue_holds(*, now: datetime, limit: int = 500) -> int:
    raise NotImplementedError


def pause_holds(*, show: Show, now: datetime) -> int:
    raise NotImplementedError


def resume_holds(*, show: Show, now: datetime) -> int:
    raise NotImplementedError


def merge_holds(*, from_visitor: UUID, to_visitor: UUID, now: datetime) -> None:
    raise NotImplementedError


def holds_of(buyer_id: UUID) -> HoldQuerySet:
    """A buyer's open holds with their cards, the soonest end first."""
    return Hold.objects.of_buyer(buyer_id).open().with_card().order_by("expires_at")


def hold_card(hold: Hold, now: datetime) -> dict[str, Any]:
    raise NotImplementedError


def begin_payment(*, holds: Sequence[Hold], order: Order, until: datetime, now: datetime) -> None:
    """HELD → PAYING for all of them or none, each kept at least until `until`. Locks the holds by id.

    :raises HoldOver: one of them is not held any more, or has run out.
    """
    raise NotImplementedError


def commit_holds(*, order: Order, now: datetime) -> None:
    """PAYING → COMMITTED. What had run out before the money came is taken again.

    :raises SoldOut: something ran out and is gone; nothing is committed, the money has to go back.
    """
    raise NotImplementedError


def return_to_held(*, order: Order, now: datetime, keep_until: datetime | None = None) -> None:
    """PAYING → HELD after a failed or cancelled payment, with the end that each hold had, or `keep_until` if later."""
    raise NotImplementedError
