"""Counts: what viewers see of stock. The rule guarded here: the figures come from the rows that checkout uses.

`left`, `held` and `sold` are read in one statement after the commit, with the version of that very state, so screens
can drop what is older. In a rush a drop's figures are told a few times a second; that nothing is left, at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, NamedTuple

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from catalog.fingerprints import milliseconds
from catalog.models import Stock
from checkout.cards import Face, new_hold_card
from checkout.inserting import NewHold, alike
from checkout.models import Hold, QueuePlace
from livecommerce.money import WireMoney
from livecommerce.realtime import publish
from livecommerce.realtime.protocol import HoldPlaced, SaleTicked
from livecommerce.trips import Question
from streams.models import Drop, LineupItem, Show

logger = logging.getLogger(__name__)

# Seconds between two recomputations of one key in this process.
TELL_EVERY = 0.25
# In a rush the Studio's ticker gets one line for all holds of a batch.
TICKS_EACH = 5

State = dict[str, tuple[int, dict[str, Any]]]


def state_of(show: Show, now: datetime) -> State:
    """Give the stock of everything on sale in a show, for a snapshot: drops that are not over, and the shop's rows."""
    drops = Drop.objects.running().filter(show=show)
    products = LineupItem.objects.filter(show=show).values("product")
    shop = Stock.objects.shop().filter(variant__product__in=products).values("pk")
    in_drops = Stock.objects.filter(drop_item__drop__in=drops).values("pk")
    rows = [_Figures(*row) for row in _figures(Stock.objects.filter(pk__in=in_drops.union(shop)))]
    return _drop_values(rows) | _shop_values(rows)


def drop_figures(drop_id: int) -> State:
    """Read the figures of one drop, by its key."""
    return _drop_values(_Figures(*row) for row in _figures_of_drop.ask(drop_id)())


def shop_figures(variant_id: int) -> State:
    """Read the figures of a variant in the shop, by its key."""
    return _shop_values(_Figures(*row) for row in _figures_of_variant.ask(variant_id)())


def stock_changed(*, rows: Iterable[Stock], drop_id: int | None, show_id: int | None, urgent: bool = False) -> None:
    """Have the new figures told after the commit; of several changes in a moment the last figures are told once."""
    if drop_id is not None and show_id is not None:
        transaction.on_commit(partial(_Telling.soon, show_id, ("drop", drop_id), urgent=urgent), robust=True)
        return
    for row in rows:
        for show in _shows_with(row.variant_id):
            transaction.on_commit(partial(_Telling.soon, show, ("variant", row.variant_id), urgent=urgent), robust=True)


def tell_granted(holds: Sequence[NewHold], faces: Mapping[int, Face], *, now: datetime) -> None:
    """Tell buyers' screens and the Studio what was held; holds that differ in nothing but buyer and id, in one step."""
    ticks: dict[int, list[Tick]] = {}
    for twins in alike(holds):
        first = twins[0]
        card = new_hold_card(first, faces[first.variant_id])
        publish.to_viewers_alike(HoldPlaced(hold=card), ("hold", "id"), [(hold.buyer_id, hold.pk) for hold in twins])
        if first.show_id:
            ticks.setdefault(first.show_id, []).extend([Tick(first.quantity, card["total"], card["name"])] * len(twins))
    for show_id, held in ticks.items():
        tick_held(show_id, held, kind="held", now=now)


class Tick(NamedTuple):
    """Units, money and name of one hold, for the Studio's ticker."""

    units: int
    total: WireMoney
    name: str


def tick_held(show_id: int, holds: Sequence[Tick], *, kind: str, now: datetime) -> None:
    """Write lines for the Studio's ticker: one each, or one for all in a rush. A hold is never counted as a sale."""
    word = {"held": "held", "released": "back"}[kind]
    for line in [holds] if len(holds) > TICKS_EACH else [[hold] for hold in holds]:
        amount = {"amount": sum(hold.total["amount"] for hold in line), "currency": line[0].total["currency"]}
        text = f"{sum(hold.units for hold in line)} {word}, {line[0].name}"
        publish.to_host(show_id, SaleTicked(kind=kind, text=text, amount=amount, at=milliseconds(now)))


@dataclass(slots=True)
class _Figures:
    variant_id: int
    left: int
    taken: int
    sold: int
    version: int
    sales_entries: int
    back_at: datetime | None
    # Nothing for a row of the shop.
    drop_id: int | None
    drop_version: int | None
    queue: int


def _figures(rows: QuerySet[Stock]) -> QuerySet[Stock, tuple[Any, ...]]:
    """Read what `_Figures` holds, in its order."""
    ends = Hold.objects.open().filter(stock=OuterRef("pk")).order_by("-expires_at").values("expires_at")[:1]
    line = QueuePlace.objects.waiting().filter(drop=OuterRef("drop_item__drop")).order_by().values("drop")
    return rows.order_by("pk").values_list(
        "variant_id",
        F("on_hand") - F("taken"),
        "taken",
        Coalesce(F("sales__sold"), 0),
        "version",
        Coalesce(F("sales__entries"), 0),
        Subquery(ends),
        "drop_item__drop",
        "drop_item__drop__version",
        Coalesce(Subquery(line.annotate(waiting=Count("pk")).values("waiting")), 0),
    )


_figures_of_drop = Question(lambda pk: _figures(Stock.objects.filter(drop_item__drop=pk)))
_figures_of_variant = Question(lambda pk: _figures(Stock.objects.shop().filter(variant=pk)))


def _drop_values(rows: Iterable[_Figures]) -> State:
    by_drop: dict[int, list[_Figures]] = {}
    for row in rows:
        if row.drop_id is not None:
            by_drop.setdefault(row.drop_id, []).append(row)
    return {f"stock:{drop_id}": _drop_value(own) for drop_id, own in sorted(by_drop.items())}


def _drop_value(rows: Sequence[_Figures]) -> tuple[int, dict[str, Any]]:
    ends = [row.back_at for row in rows if row.back_at]
    sold = sum(row.sold for row in rows)
    value = {
        "left": sum(row.left for row in rows),
        "held": sum(row.taken for row in rows) - sold,
        "sold": sold,
        "back_at": milliseconds(max(ends)) if ends else None,
        "queue": rows[0].queue,
        "variants": {str(row.variant_id): row.left for row in rows},
    }
    return (rows[0].drop_version or 0) + sum(row.version + row.sales_entries for row in rows), value


def _shop_values(rows: Iterable[_Figures]) -> State:
    return {f"stock:v{row.variant_id}": _shop_value(row) for row in rows if row.drop_id is None}


def _shop_value(row: _Figures) -> tuple[int, dict[str, Any]]:
    back_at = milliseconds(row.back_at) if row.back_at else None
    value = {"left": row.left, "held": row.taken - row.sold, "sold": row.sold, "back_at": back_at}
    return row.version + row.sales_entries, value


def _shows_with(variant_id: int) -> list[int]:
    """Find shows on air that could have this variant on screen."""
    return list(
        Show.objects.on_air().filter(lineup__product__variants=variant_id).values_list("pk", flat=True).distinct()
    )


class _Telling:
    """When each key was last told by this process, and which wait for their turn."""

    lock = threading.Lock()
    last: ClassVar[dict[tuple[int, tuple[str, int]], float]] = {}
    waiting: ClassVar[set[tuple[int, tuple[str, int]]]] = set()

    @classmethod
    def soon(cls, show_id: int, subject: tuple[str, int], *, urgent: bool) -> None:
        key = (show_id, subject)
        with cls.lock:
            wait = cls.last.get(key, 0.0) + TELL_EVERY - time.monotonic()
            if not urgent and wait > 0:
                if key not in cls.waiting:
                    cls.waiting.add(key)
                    timer = threading.Timer(wait, cls.later, [key])
                    timer.daemon = True
                    timer.start()
                return
            cls.last[key] = time.monotonic()
        cls.tell(key, urgent=urgent)

    @classmethod
    def later(cls, key: tuple[int, tuple[str, int]]) -> None:
        with cls.lock:
            cls.waiting.discard(key)
            cls.last[key] = time.monotonic()
        try:
            cls.tell(key, urgent=False)
        except (DatabaseError, ObjectDoesNotExist):
            # Nobody waits for this thread; the next change tells the figures again, and so does every snapshot.
            logger.warning("the figures of %s were not told", key, exc_info=True)
        finally:
            # A timer's thread has a connection of its own.
            connection.close()

    @staticmethod
    def tell(key: tuple[int, tuple[str, int]], *, urgent: bool) -> None:
        show_id, (kind, pk) = key
        for name, (version, value) in (drop_figures(pk) if kind == "drop" else shop_figures(pk)).items():
            publish.state(show_id, name, version, value, urgent=urgent)
