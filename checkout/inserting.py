"""Inserting many holds at once, the fastest way each database has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from checkout.models import Hold
from livecommerce.money import Money


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


def insert_holds(holds: Sequence[NewHold]) -> None:
    """Store new holds of one drop (or one variant), all made at the same moment, and give each its id."""
    if not holds:
        return
    if connection.vendor == "postgresql":
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


def _insert_arrays(holds: Sequence[NewHold]) -> None:
    """One statement with an array per column that differs; nothing else is parsed, however many there are.

    The ids are drawn first: which row of an INSERT … SELECT gets which id is not promised by PostgreSQL.
    """
    first = holds[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(nextval(pg_get_serial_sequence('checkout_hold', 'id'))) FROM generate_series(1, %s)",
            [len(holds)],
        )
        for hold, pk in zip(holds, cursor.fetchone()[0], strict=True):
            hold.pk = pk
        cursor.execute(
            """
            INSERT INTO checkout_hold (id, key, stock_id, variant_id, show_id, buyer_id, quantity, drop_id, state,
                unit_price_minor, currency, placed_at, expires_at, offered_at, paused_at)
            SELECT new.*, %s, 'held', %s, %s, %s, %s, %s, %s
            FROM unnest(
                %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::uuid[], %s::smallint[]
            ) new
            """,
            [
                *(first.drop_id, first.unit_price.minor, first.unit_price.currency),
                *(first.placed_at, first.expires_at, first.offered_at, first.paused_at),
                numbers(hold.pk for hold in holds),
                texts(hold.key for hold in holds),
                numbers(hold.stock_id for hold in holds),
                numbers(hold.variant_id for hold in holds),
                numbers(hold.show_id for hold in holds),
                uuids(hold.buyer_id for hold in holds),
                numbers(hold.quantity for hold in holds),
            ],
        )


# Array literals of PostgreSQL, written in one go: adapting a list element by element costs more than storing it.


def numbers(values: Iterable[int | None]) -> str:
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def uuids(values: Iterable[UUID]) -> str:
    return "{" + ",".join([value.hex for value in values]) + "}"


def texts(values: Iterable[str]) -> str:
    return "{" + ",".join([f'"{value}"' for value in map(_escaped, values)]) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
