"""Inserting many holds at once, the fastest way each database has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from checkout.models import Hold
from livecommerce.money import Money
from livecommerce.trips import send


@dataclass(slots=True, kw_only=True)
class NewHold:
    """A hold that is about to be stored. Lighter than a model: a rush makes tens of thousands a second."""

    key: str
    stock_id: int
    variant_id: int
    drop_id: int | None
    show_id: int | None
    buyer_id: UUID
    quantity: int
    unit_price: Money
    placed_at: datetime
    expires_at: datetime
    offered_at: datetime | None = None
    paused_at: datetime | None = None
    pk: int = 0


def draw_ids(count: int) -> Callable[[], list[int]]:
    """Have ids drawn from PostgreSQL; what comes back gives them when the trip is over.

    Before the insert: which row of an INSERT … SELECT gets which id is not promised. Those nobody uses stay a gap.
    """
    # The name in a query of its own is looked up once, not for each id.
    drawn = send(
        "SELECT array_agg(nextval((SELECT pg_get_serial_sequence('checkout_hold', 'id')::regclass)))"
        " FROM generate_series(1, %s::int)",
        [count],
    )
    return lambda: drawn.rows[0][0]


def insert_holds(holds: Sequence[NewHold]) -> None:
    """Store new holds of one drop (or one variant), all made at the same moment, and give those an id that have none.

    On PostgreSQL, holds with ids may be stored within a trip.
    """
    if not holds:
        return
    if connection.vendor == "postgresql":
        if not holds[0].pk:
            for hold, pk in zip(holds, draw_ids(len(holds))(), strict=True):
                hold.pk = pk
        _insert_arrays(holds)
        return
    stored = Hold.objects.bulk_create(
        Hold(
            key=hold.key,
            stock_id=hold.stock_id,
            variant_id=hold.variant_id,
            drop_id=hold.drop_id,
            show_id=hold.show_id,
            buyer_id=hold.buyer_id,
            quantity=hold.quantity,
            unit_price_minor=hold.unit_price.minor,
            currency=hold.unit_price.currency,
            placed_at=hold.placed_at,
            expires_at=hold.expires_at,
            offered_at=hold.offered_at,
            paused_at=hold.paused_at,
        )
        for hold in holds
    )
    for hold, row in zip(holds, stored, strict=True):
        hold.pk = row.pk


def alike(holds: Iterable[NewHold]) -> Iterable[Sequence[NewHold]]:
    """Group holds of one batch that differ in nothing but id, key and buyer."""
    groups: dict[tuple[int, int | None, int], list[NewHold]] = {}
    for hold in holds:
        groups.setdefault((hold.variant_id, hold.show_id, hold.quantity), []).append(hold)
    return groups.values()


def _insert_arrays(holds: Sequence[NewHold]) -> None:
    """One statement for those that are alike, in a rush nearly all of a batch."""
    for twins in alike(holds):
        first = twins[0]
        send(
            """
            INSERT INTO checkout_hold (id, key, buyer_id, stock_id, variant_id, show_id, quantity, drop_id, state,
                unit_price_minor, currency, placed_at, expires_at, offered_at, paused_at)
            SELECT new.*, %s::bigint, %s::bigint, %s::bigint, %s::smallint, %s::bigint, 'held',
                %s::int, %s::text, %s::timestamptz, %s::timestamptz, %s::timestamptz, %s::timestamptz
            FROM unnest(%s::bigint[], %s::text[], %s::uuid[]) new
            """,
            [
                *(first.stock_id, first.variant_id, first.show_id, first.quantity, first.drop_id),
                *(first.unit_price.minor, first.unit_price.currency),
                *(first.placed_at, first.expires_at, first.offered_at, first.paused_at),
                numbers([hold.pk for hold in twins]),
                texts([hold.key for hold in twins]),
                uuids([hold.buyer_id for hold in twins]),
            ],
        )


# Array literals of PostgreSQL, written in one go: adapting a list element by element costs more than storing it.


def numbers(values: Iterable[int]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def uuids(values: Iterable[UUID]) -> str:
    return "{" + ",".join([value.hex for value in values]) + "}"


def texts(values: Sequence[str]) -> str:
    plain = "".join(values)
    if '"' in plain or "\\" in plain or "\0" in plain:
        # A text with a zero byte is in no row; without it, it at least spoils no other one's question.
        values = [value.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "") for value in values]
    return '{"' + '","'.join(values) + '"}' if values else "{}"
