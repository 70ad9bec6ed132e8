"""Offers: a unit that comes back goes to the first in line. The rule guarded here: in one transaction.

An offer is a hold that its buyer has 30 seconds to take. It counts as taken at once, so nobody can get in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q

from catalog.models import Stock
from catalog.stock import take
from checkout.cards import ask_faces, new_hold_card
from checkout.counts import stock_changed
from checkout.inserting import NewHold, insert_holds
from checkout.models import QueuePlace
from checkout.quotas import add_units, check_quota, quotas_of
from livecommerce.realtime import publish
from livecommerce.realtime.protocol import QueueMoved, QueueOffered
from streams.models import Drop, DropState

OFFER_SECONDS = 30
# This many in front hear of every move; the others read the length of the line off the stock's state.
TOLD_OF_MOVES = 50


def offer_units(*, drop: Drop, rows: Sequence[Stock], now: datetime) -> list[NewHold]:
    """Offer what is left on these rows to those who wait, in their order. The rows have to be locked by the caller."""
    if drop.closed_at is not None or drop.state_at(now) not in {DropState.OPEN, DropState.PAUSED}:
        return []
    offers: list[NewHold] = []
    left = {row.variant_id: row.left for row in rows}
    while sum(left.values()):
        free = [variant_id for variant_id, count in left.items() if count]
        waiting = QueuePlace.objects.waiting().filter(Q(variant=None) | Q(variant__in=free), drop=drop)
        places = list(waiting.select_for_update(no_key=True, skip_locked=True)[: sum(left.values())])
        if not places:
            break
        made = _offer_to(places, drop, rows, left, now)
        offers += made
    if offers:
        tell_positions(drop.pk)
    return offers


def line_moved(drop: Drop) -> None:
    """Have the length of the line told: it is part of the drop's figures."""
    Drop.objects.filter(pk=drop.pk).update(version=F("version") + 1)
    stock_changed(rows=[], drop_id=drop.pk, show_id=drop.show_id)


def tell_positions(drop_id: int, *, first: int | None = TOLD_OF_MOVES) -> None:
    """Tell those in front (or all) where they stand now."""
    front = QueuePlace.objects.waiting().filter(drop=drop_id).values_list("buyer_id", flat=True)[:first]
    for position, buyer_id in enumerate(front, start=1):
        publish.to_viewer(buyer_id, QueueMoved(drop=drop_id, position=position))


def _offer_to(
    places: Sequence[QueuePlace], drop: Drop, rows: Sequence[Stock], left: dict[int, int], now: datetime
) -> list[NewHold]:
    quotas = quotas_of(drop_id=drop.pk, variant_id=None, buyers=[place.buyer_id for place in places])
    by_variant = {row.variant_id: row for row in rows}
    offers: list[tuple[QueuePlace, NewHold]] = []
    for place in places:
        variant_id = place.variant_id or next((variant for variant, count in left.items() if count), None)
        if variant_id is None or not left[variant_id]:
            continue
        refused = check_quota(quotas.get(place.buyer_id), wanted=1, already=0, most=drop.per_buyer, now=now)
        if refused is not None:
            # Has as many as one buyer may have by now, through another tab or a merged guest.
            QueuePlace.objects.filter(pk=place.pk).update(state=QueuePlace.State.LEFT, ended_at=now)
            continue
        left[variant_id] -= 1
        offers.append((place, _offered_hold(place, drop, by_variant[variant_id], now)))
    if offers:
        _write(offers, drop, rows, now)
    return [hold for _, hold in offers]


def _write(offers: list[tuple[QueuePlace, NewHold]], drop: Drop, rows: Sequence[Stock], now: datetime) -> None:
    holds = [hold for _, hold in offers]
    insert_holds(holds)
    for row in rows:
        on_row = [(hold.pk, hold.quantity) for hold in holds if hold.stock_id == row.pk]
        if on_row:
            take(stock=row, holds=on_row, now=now)
    add_units(
        drop_id=drop.pk, variant_id=None, units={hold.buyer_id: hold.quantity for hold in holds}, most=drop.per_buyer
    )
    for place, hold in offers:
        place.state, place.offered_at, place.hold_id = QueuePlace.State.OFFERED, now, hold.pk
    QueuePlace.objects.bulk_update([place for place, _ in offers], ["state", "offered_at", "hold"])
    faces = ask_faces({hold.variant_id for hold in holds})()
    publish.to_viewers(
        (hold.buyer_id, QueueOffered(drop=drop.pk, hold=new_hold_card(hold, faces[hold.variant_id]))) for hold in holds
    )


def _offered_hold(place: QueuePlace, drop: Drop, row: Stock, now: datetime) -> NewHold:
    return NewHold(
        key=f"queue:{place.pk}",
        stock_id=row.pk,
        variant_id=row.variant_id,
        drop_id=drop.pk,
        show_id=drop.show_id,
        buyer_id=place.buyer_id,
        quantity=1,
        unit_price=drop.price,
        placed_at=now,
        offered_at=now,
        # Made while the clocks stand, it begins to run when they do.
        expires_at=now + timedelta(seconds=OFFER_SECONDS),
        paused_at=now if drop.paused_at else None,
    )
