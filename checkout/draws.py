"""The draw of a scarce drop. The rule guarded here: the order was fixed by a seed before anybody tapped.

When the drop is announced, the fingerprint of a seed is public. Whoever taps in the first seconds gets a slip, numbered
in the order of arrival. Then the slips are sorted by SHA-256 of "seed:number" and units are offered in that order; the
rest stay in line as they were drawn. The ledger shows seed and slips, so anybody can draw again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.db.models import Max

from catalog.models import Stock
from checkout.counts import stock_changed
from checkout.models import Hold, QueuePlace
from checkout.offers import line_moved, offer_units, tell_positions
from checkout.quotas import check_quota, quotas_of
from checkout.shelf import HoldRequest, Shelf, refusal
from livecommerce.errors import Refused
from livecommerce.realtime import publish
from livecommerce.realtime.protocol import QueueJoined
from livecommerce.transactions import atomic_retry
from streams.drops import note_drawn
from streams.models import Drop


class InDraw(Refused):
    code = "drop.in_draw"
    message = "You are in the draw. Nothing is held yet; the order is drawn in a moment and you hear of it here."


class BeingDrawn(Refused):
    code = "drop.being_drawn"
    message = "The draw is over and its order is being drawn. What is left after it is for everybody; tap again then."


class OneInDraw(Refused):
    code = "drop.one_in_draw"
    status = 422
    message = "In a draw everybody may ask for one."


def enter_draw(
    shelf: Shelf, requests: Sequence[HoldRequest], known: Mapping[tuple[UUID, str], Hold], now: datetime
) -> dict[int, Refused]:
    """Give slips to taps of the first seconds; return their answers by place in the batch.

    A tap that came later finds the draw done, if need be by this very transaction. The stock rows have to be locked.
    """
    drop = shelf.drop
    if drop is None or drop.draw_ends_at is None or drop.drawn_at or drop.paused_at:
        return {}
    ends_at = drop.draw_ends_at
    fresh = {
        n: request
        for n, request in enumerate(requests)
        if (request.buyer_id, request.key) not in known and not refusal(shelf, request)
    }
    early = {n: request for n, request in fresh.items() if request.at < ends_at}
    answers: dict[int, Refused] = {n: OneInDraw() for n, request in early.items() if request.quantity > 1}
    slips = {n: request for n, request in early.items() if n not in answers}
    answers |= _give_slips(shelf, drop, slips, ends_at, now)
    if now >= ends_at + _ON_THE_WAY:
        _draw(drop, list(shelf.rows.values()), now)
        return answers
    # Late by less than the draw takes: nobody gets a unit before those who are in it.
    return answers | {n: BeingDrawn(retry_in=_ON_THE_WAY.total_seconds()) for n in fresh if n not in early}


# A tap received in the last moment of the draw may still wait for its batch.
_ON_THE_WAY = timedelta(seconds=1)


def draw_due(*, now: datetime) -> int:
    """Draw where the first seconds are over; return in how many drops."""
    waiting = Drop.objects.running().filter(drawn_at__isnull=True, paused_at__isnull=True)
    due = waiting.filter(draw_ends_at__lte=now - _ON_THE_WAY).values_list("pk", flat=True)
    for drop_id in due:
        draw_lots(drop_id=drop_id, now=now)
    return len(due)


@atomic_retry
def draw_lots(*, drop_id: int, now: datetime) -> None:
    """Sort the slips by the seed and offer the units in that order. Drawing twice draws once."""
    rows = list(Stock.objects.filter(drop_item__drop=drop_id).locked())
    drop = Drop.objects.get(pk=drop_id)
    if drop.drawn_at is None:
        _draw(drop, rows, now)


def drawn_order(seed: str, tickets: Sequence[int]) -> list[int]:
    """Sort slips as anybody can: by SHA-256 of "seed:number"."""
    return sorted(tickets, key=lambda ticket: sha256(f"{seed}:{ticket}".encode()).hexdigest())


def _give_slips(
    shelf: Shelf, drop: Drop, slips: Mapping[int, HoldRequest], ends_at: datetime, now: datetime
) -> dict[int, Refused]:
    buyers = {request.buyer_id for request in slips.values()}
    standing = set(QueuePlace.objects.active().filter(drop=drop, buyer__in=buyers).values_list("buyer_id", flat=True))
    quotas = quotas_of(drop_id=drop.pk, variant_id=None, buyers=buyers)
    number = QueuePlace.objects.filter(drop=drop).aggregate(last=Max("number"))["last"] or 0
    answers: dict[int, Refused] = {}
    fresh: list[QueuePlace] = []
    for n, request in slips.items():
        refused = check_quota(quotas.get(request.buyer_id), wanted=1, already=0, most=drop.per_buyer, now=now)
        answers[n] = refused or InDraw(retry_in=max(0.0, (ends_at - now).total_seconds()))
        if refused is None and request.buyer_id not in standing:
            standing.add(request.buyer_id)
            ticket = number + len(fresh) + 1
            fresh.append(
                QueuePlace(
                    drop=drop,
                    variant_id=request.variant_id,
                    buyer_id=request.buyer_id,
                    number=ticket,
                    ticket=ticket,
                    joined_at=now,
                )
            )
    QueuePlace.objects.bulk_create(fresh)
    if fresh:
        line_moved(drop)
    for place in fresh:
        publish.to_viewer(place.buyer_id, QueueJoined(drop=drop.pk, position=place.number))
    return answers


def _draw(drop: Drop, rows: list[Stock], now: datetime) -> None:
    places = {
        place.ticket: place
        for place in QueuePlace.objects.filter(drop=drop, ticket__isnull=False).select_for_update(no_key=True)
        if place.ticket is not None
    }
    last = QueuePlace.objects.filter(drop=drop).aggregate(last=Max("number"))["last"] or 0
    for number, ticket in enumerate(drawn_order(drop.draw_seed, list(places)), start=last + 1):
        places[ticket].number = number
    QueuePlace.objects.bulk_update(places.values(), ["number"], batch_size=500)
    note_drawn(drop=drop, now=now)
    offer_units(drop=drop, rows=rows, now=now)
    tell_positions(drop.pk)
    stock_changed(rows=rows, drop_id=drop.pk, show_id=drop.show_id)
