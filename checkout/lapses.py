"""Lapses: holds that end without a sale. The rule guarded here: units, quota and the next offer move as one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from catalog.models import Stock
from catalog.stock import give_back, lock_rows
from checkout.cards import hold_card, with_variants
from checkout.counts import Tick, stock_changed, tick_held
from checkout.models import Hold, QueuePlace
from checkout.offers import offer_units
from checkout.quotas import free_units
from livecommerce.realtime import publish
from livecommerce.realtime.protocol import HoldExpired, HoldReleased, QueuePassed
from livecommerce.transactions import atomic_retry
from streams.models import Drop

SWEEP = 500


def expire_overdue_holds(*, now: datetime, limit: int = SWEEP) -> int:
    """Tidy up holds that ran out, a bounded number at a time; return how many. What others work on is theirs."""
    ended = 0
    while True:
        some = _expire_some(now=now, limit=limit)
        ended += some
        if some < limit:
            return ended


def lock_overdue(*, now: datetime, stock_ids: Sequence[int] | None = None, limit: int = SWEEP) -> list[Hold]:
    """Lock holds that ran out and that nobody else is working on, the oldest first."""
    overdue = Hold.objects.overdue(now).order_by("expires_at", "pk")
    if stock_ids is not None:
        overdue = overdue.filter(stock__in=stock_ids)
    return list(overdue.select_for_update(no_key=True, skip_locked=True, of=("self",))[:limit])


def end_holds(holds: Sequence[Hold], *, rows: dict[int, Stock], state: str, now: datetime) -> None:
    """End holds that are HELD: give their units back, or straight to the next in line, and tell everybody concerned.

    Holds and then their stock rows (`rows`, by id) have to be locked by the caller.
    """
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(state=state, ended_at=now)
    for hold in holds:
        hold.state, hold.ended_at = state, now
    for stock_id in sorted({hold.stock_id for hold in holds}):
        ended = [(hold.pk, hold.quantity) for hold in holds if hold.stock_id == stock_id]
        give_back(stock=rows[stock_id], holds=ended, kind=state, now=now)
    free_units(holds=holds, lapsed=True, now=now)
    offered = [hold.pk for hold in holds if hold.offered_at]
    if offered:
        place = QueuePlace.State.PASSED if state == Hold.State.EXPIRED else QueuePlace.State.LEFT
        QueuePlace.objects.filter(hold__in=offered).update(state=place, ended_at=now)
    _tell_ended(holds, state, now)
    drop_ids = sorted({hold.drop_id for hold in holds if hold.drop_id})
    for drop in Drop.objects.filter(pk__in=drop_ids).order_by("pk"):
        mine = [rows[stock_id] for stock_id in {hold.stock_id for hold in holds if hold.drop_id == drop.pk}]
        offer_units(drop=drop, rows=sorted(mine, key=lambda row: row.pk), now=now)
        stock_changed(rows=mine, drop_id=drop.pk, show_id=drop.show_id)
    shop = [rows[stock_id] for stock_id in {hold.stock_id for hold in holds if not hold.drop_id}]
    stock_changed(rows=shop, drop_id=None, show_id=None)


@atomic_retry
def _expire_some(*, now: datetime, limit: int) -> int:
    overdue = lock_overdue(now=now, limit=limit)
    if overdue:
        rows = lock_rows({hold.stock_id for hold in overdue})
        end_holds(overdue, rows=rows, state=Hold.State.EXPIRED, now=now)
    return len(overdue)


def _tell_ended(holds: Sequence[Hold], state: str, now: datetime) -> None:
    by_show: dict[int, list[Tick]] = {}
    for hold in with_variants(list(holds)):
        card = hold_card(hold, now)
        if hold.offered_at and hold.drop_id and state == Hold.State.EXPIRED:
            publish.to_viewer(hold.buyer_id, QueuePassed(drop=hold.drop_id))
        news = HoldExpired(hold=card) if state == Hold.State.EXPIRED else HoldReleased(hold=card)
        publish.to_viewer(hold.buyer_id, news)
        if hold.show_id:
            by_show.setdefault(hold.show_id, []).append(Tick(hold.quantity, hold.total.wire(), card["name"]))
    for show_id, ended in by_show.items():
        tick_held(show_id, ended, kind="released", now=now)
