"""Stock: receive, adjust, allot, take, give back, sell, take back. The rule guarded here: no unit is promised twice.

Each verb changes a row and writes the ledger's entry in one transaction. The lock comes first: rows of `Stock` in the
order of their ids (`Stock.objects.locked()`), and `StockSales` alone when something is paid for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson
from django.db import connection, transaction
from psycopg.types.json import Jsonb

from catalog.fingerprints import fingerprint
from catalog.models import Stock, StockEntry, StockSales, Variant
from livecommerce.accounts.models import User
from livecommerce.errors import BadInput, Refused
from livecommerce.trips import send

Kind = StockEntry.Kind
# Holds of one move, as the ledger names them: (id, units).
HoldUnits = Sequence[tuple[int, int]]


class NotEnoughStock(Refused):
    code = "stock.not_enough"
    message = "There are not that many units left. Nothing was moved; ask for fewer or receive stock first."


class BelowTaken(Refused):
    code = "stock.below_taken"
    message = "More units than that are held or sold already. Wait until holds end, or refund first."


@transaction.atomic
def receive_stock(*, variant: Variant, quantity: int, actor: User | None, now: datetime, note: str = "") -> Stock:
    """Add units to the shop, the first time with a row for them."""
    if quantity < 0:
        raise BadInput(fields={"quantity": "Units received cannot be negative; adjust the stock instead."})
    stock = shop_stock(variant)
    stock.on_hand += quantity
    record(stock, kind=Kind.RECEIVED, quantity=quantity, now=now, actor=actor, note=note)
    return stock


@transaction.atomic
def adjust_stock(*, variant: Variant, on_hand: int, actor: User | None, now: datetime, note: str = "") -> Stock:
    """Set the shop's units to what was counted.

    :raises BelowTaken: more are held or sold than that; nothing is changed.
    """
    stock = shop_stock(variant)
    refuse_below_taken(stock, on_hand)
    change, stock.on_hand = on_hand - stock.on_hand, on_hand
    if change:
        record(stock, kind=Kind.ADJUSTED, quantity=change, now=now, actor=actor, note=note)
    return stock


def refuse_below_taken(stock: Stock, on_hand: int) -> None:
    """Say what is wrong with a count before anything is saved. The row has to be locked by the caller.

    :raises BelowTaken: more are held or sold than that.
    """
    if on_hand < stock.taken:
        raise BelowTaken(
            f"{stock.taken} units are held or sold already, so there cannot be {on_hand}. Nothing was changed.",
            fields={"on_hand": f"At least {stock.taken}."},
        )


@transaction.atomic
def allot_to_drop(*, variant: Variant, units: int, actor: User | None, now: datetime) -> Stock:
    """Move units from the shop into a new row for a drop.

    :raises NotEnoughStock: the shop has fewer that nobody holds.
    """
    shop = shop_stock(variant)
    if shop.left < units:
        raise NotEnoughStock(f"{variant} has {shop.left} units left in the shop, the drop asks for {units}.")
    shop.on_hand -= units
    record(shop, kind=Kind.ALLOTTED, quantity=-units, now=now, actor=actor)
    stock = create_row(variant, for_drop=True)
    stock.on_hand = units
    record(stock, kind=Kind.ALLOTTED, quantity=units, now=now, actor=actor)
    return stock


def return_from_drop(*, shop: Stock, stock: Stock, now: datetime, actor: User | None = None) -> int:
    """Move what nobody took back to the shop. Both rows have to be locked by the caller, the shop's first."""
    units = stock.left
    if units:
        stock.on_hand -= units
        record(stock, kind=Kind.RETURNED, quantity=-units, now=now, actor=actor)
        shop.on_hand += units
        record(shop, kind=Kind.RETURNED, quantity=units, now=now, actor=actor)
    return units


def take(*, stock: Stock, holds: HoldUnits, now: datetime) -> None:
    """Count the holds' units as taken. The row has to be locked by the caller.

    :raises NotEnoughStock: fewer are left; the caller's transaction has to end.
    """
    quantity = sum(units for _, units in holds)
    if stock.left < quantity:
        raise NotEnoughStock
    stock.taken += quantity
    record(stock, kind=Kind.HELD, quantity=quantity, now=now, holds=holds)


def give_back(*, stock: Stock, holds: HoldUnits, kind: str, now: datetime) -> None:
    """Count the holds' units as free again, because they were let go or ran out. The row has to be locked."""
    quantity = sum(units for _, units in holds)
    stock.taken -= quantity
    record(stock, kind=kind, quantity=-quantity, now=now, holds=holds)


@transaction.atomic
def sell(*, stock_id: int, holds: HoldUnits, now: datetime) -> None:
    """Note that held units are paid for. They stay taken, so the hot row is neither read nor locked."""
    _count_sale(stock_id=stock_id, holds=holds, kind=Kind.COMMITTED, quantity=sum(units for _, units in holds), now=now)


def take_back(*, stock: Stock, holds: HoldUnits, now: datetime, actor: User | None = None) -> None:
    """Put sold units on sale again in their row, and off the count of sales. The row has to be locked by the caller."""
    quantity = sum(units for _, units in holds)
    stock.taken -= quantity
    record(stock, kind=Kind.TAKEN_BACK, quantity=-quantity, now=now, holds=holds, actor=actor)
    _count_sale(stock_id=stock.pk, holds=holds, kind=Kind.TAKEN_BACK, quantity=-quantity, now=now)


def _count_sale(*, stock_id: int, holds: HoldUnits, kind: str, quantity: int, now: datetime) -> None:
    sales = StockSales.objects.select_for_update(no_key=True).get(stock_id=stock_id)
    sales.sold += quantity
    entry = StockEntry(
        stock_id=stock_id,
        chain=StockEntry.Chain.SALES,
        number=sales.entries + 1,
        kind=kind,
        quantity=quantity,
        on_hand_after=0,
        taken_after=sales.sold,
        holds=[list(hold) for hold in holds],
        at=whole_milliseconds(now),
        previous=sales.head,
    )
    _append(entry)
    sales.entries, sales.head = entry.number, entry.fingerprint
    sales.save(update_fields=["sold", "entries", "head"])


def lock_rows(ids: Iterable[int]) -> dict[int, Stock]:
    """Lock stock rows in the order of their ids, which is the only order."""
    return {stock.pk: stock for stock in Stock.objects.filter(pk__in=list(ids)).locked()}


def shop_stock(variant: Variant) -> Stock:
    """Lock the shop's row of a variant; make it the first time."""
    found = Stock.objects.shop().filter(variant=variant).locked().first()
    if found is None:
        # Two may find none at once: the second one's insert fails on the constraint and changes nothing.
        found = create_row(variant, for_drop=False)
    return found


def create_row(variant: Variant, *, for_drop: bool) -> Stock:
    stock = Stock.objects.create(variant=variant, for_drop=for_drop)
    StockSales.objects.create(stock=stock)
    return stock


def record(
    stock: Stock,
    *,
    kind: str,
    quantity: int,
    now: datetime,
    holds: HoldUnits = (),
    actor: User | None = None,
    note: str = "",
) -> StockEntry:
    """Write the row's new figures and the entry that explains them; the row has to be locked by the caller."""
    entry = StockEntry(
        stock_id=stock.pk,
        number=stock.entries + 1,
        kind=kind,
        quantity=quantity,
        on_hand_after=stock.on_hand,
        taken_after=stock.taken,
        holds=[list(hold) for hold in holds],
        at=whole_milliseconds(now),
        actor=actor,
        note=note,
        previous=stock.head,
    )
    # The row first: its CHECK is the guard, and an entry must not be written for a move that cannot be.
    stock.entries, stock.version = entry.number, stock.version + 1
    stock.head = entry.fingerprint = fingerprint(entry)
    if connection.vendor == "postgresql":
        _send_record(stock, entry)
    else:
        stock.save(update_fields=["on_hand", "taken", "version", "entries", "head"])
        StockEntry.objects.bulk_create([entry])
    return entry


def _send_record(stock: Stock, entry: StockEntry) -> None:
    """Write both as the ORM would, but so that they can travel with others: a rush does it a hundred times a second."""
    send(
        "UPDATE catalog_stock SET on_hand = %s, taken = %s, version = %s, entries = %s, head = %s WHERE id = %s",
        [stock.on_hand, stock.taken, stock.version, stock.entries, stock.head, stock.pk],
    )
    values = {name: getattr(entry, name) for name in _ENTRY_FIELDS} | {"holds": Jsonb(entry.holds, dumps=orjson.dumps)}
    send(_INSERT_ENTRY, list(values.values()))


_ENTRY_FIELDS = [field.attname for field in StockEntry._meta.concrete_fields if not field.primary_key]
_INSERT_ENTRY = (
    f"INSERT INTO catalog_stockentry ({', '.join(_ENTRY_FIELDS)}) VALUES ({', '.join(['%s'] * len(_ENTRY_FIELDS))})"
)


def _append(entry: StockEntry) -> None:
    entry.fingerprint = fingerprint(entry)
    StockEntry.objects.bulk_create([entry])


def whole_milliseconds(moment: datetime) -> datetime:
    """Cut to what a fingerprint vouches for: the page shows milliseconds."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
