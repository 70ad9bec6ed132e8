"""What must always be true of stock. Each app has such a module; `manage.py audit` proves them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from django.db.models import F, Q

from catalog.fingerprints import broken_links
from catalog.models import Stock, StockEntry, StockSales


@dataclass(frozen=True)
class Invariant:
    """A rule in words, and what breaks it: one sentence per breach."""

    rule: str
    breaches: Callable[[], Iterable[str]]


def oversold() -> Iterator[str]:
    for stock in Stock.objects.exclude(taken__gte=0, taken__lte=F("on_hand")):
        yield f"stock {stock.pk}: {stock.taken} taken of {stock.on_hand}"


def chains() -> Iterator[str]:
    entries = StockEntry.objects.order_by("stock", "chain", "number")
    for (stock, chain), links in groupby(entries.iterator(), key=lambda entry: (entry.stock_id, entry.chain)):
        for broken in broken_links(links):
            yield f"stock {stock}, {chain}: {broken}"


def unexplained() -> Iterator[str]:
    """Find rows whose figures are not those of the last entry of their chain."""
    last = {
        entry.stock_id: entry
        for entry in StockEntry.objects.filter(chain="units", number=F("stock__entries"), stock__isnull=False)
    }
    for stock in Stock.objects.exclude(Q(entries=0) & Q(on_hand=0)):
        entry = last.get(stock.pk)
        figures = (stock.on_hand, stock.taken, stock.head)
        if entry is None or (entry.on_hand_after, entry.taken_after, entry.fingerprint) != figures:
            yield f"stock {stock.pk}: the row says {figures[:2]}, the ledger does not"


def unexplained_sales() -> Iterator[str]:
    last = {
        entry.stock_id: entry
        for entry in StockEntry.objects.filter(chain="sales", number=F("stock__sales__entries")).select_related("stock")
    }
    for sales in StockSales.objects.exclude(entries=0, sold=0):
        entry = last.get(sales.stock_id)
        if entry is None or (entry.taken_after, entry.fingerprint) != (sales.sold, sales.head):
            yield f"stock {sales.stock_id}: {sales.sold} sold, the ledger does not say so"


INVARIANTS = (
    Invariant("stock: no unit is taken that is not there", oversold),
    Invariant("stock: each ledger entry vouches for the one before", chains),
    Invariant("stock: the ledger explains every figure", unexplained),
    Invariant("stock: the ledger explains every sale", unexplained_sales),
)
