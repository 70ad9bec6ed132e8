"""The queue of a sold-out drop: join, leave, close. The rule guarded here: first come, one way in.

Joining is decided in batches like holds, under the same locks, so a unit that comes back at the same moment is either
seen by the one who joins or offered to them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max

from catalog.models import Stock
from catalog.stock import lock_rows
from checkout.guest_checks import refuse_unchecked
from checkout.lapses import end_holds, lock_overdue
from checkout.models import Hold, QueuePlace
from checkout.models.hold import HoldState
from checkout.models.queue import PlaceState
from checkout.offers import line_moved, tell_positions
from checkout.quotas import check_quota, quotas_of
from checkout.shelf import DropNotOpen, VariantNotFound
from livecommerce.clock import database_now
from livecommerce.errors import NotFound, Refused
from livecommerce.realtime import publish
from livecommerce.realtime.batch import Batch
from livecommerce.realtime.protocol import QueueClosed, QueueJoined
from livecommerce.transactions import atomic_retry
from streams.drops import DropNotFound, DropOver
from streams.models import Drop, DropState


class NotSoldOut(Refused):
    code = "queue.not_needed"
    message = "Something is left: hold it, there is no need to queue."


class HoldsAlready(Refused):
    code = "queue.holding"
    message = "You hold one of these already. Pay for it or let it go before you queue for another."


class NotInQueue(NotFound):
    code = "queue.not_in_line"
    message = "You are not in this queue."


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """Someone asks for a place. `variant_id` is the one wanted, or none for whichever comes back."""

    buyer_id: UUID
    variant_id: int | None
    at: datetime
    show_id: int | None = None
    work: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where someone stands: first is 1; 0 is an offer to answer."""

    drop_id: int
    position: int

    def wire(self) -> dict[str, Any]:
        return {"drop": self.drop_id, "position": self.position}


@atomic_retry
def decide_joins(
    drop_id: int, requests: Sequence[JoinRequest], *, now: datetime | None = None
) -> list[Place | Exception]:
    """Give places in the order of arrival; who stands in line already hears where."""
    return _decide(drop_id, requests, now)


joining: Batch[JoinRequest, Place] = Batch("queue", decide_joins)


def join_queue(
    *, drop_id: int, buyer_id: UUID, variant_id: int | None = None, work: str | None = None, now: datetime
) -> Place:
    """Stand in line for a unit that comes back. Joining twice keeps the place.

    :raises NotSoldOut, HoldsAlready, LimitReached, DropOver, DropNotOpen, GuestCheckNeeded: no place is given.
    """
    request = JoinRequest(buyer_id=buyer_id, variant_id=variant_id, at=now, work=work)
    answer = decide_joins(drop_id, [request], now=now)[0]
    if isinstance(answer, Exception):
        raise answer
    return answer


def leave_queue(*, drop_id: int, buyer_id: UUID, now: datetime) -> None:
    """Give up a place; an offer goes to the next in line.

    :raises NotInQueue: there is none.
    """
    while not _leave(drop_id=drop_id, buyer_id=buyer_id, now=now):
        # A unit was offered to the place at that very moment: leaving gives it back.
        pass


def leave_place(*, place: QueuePlace, now: datetime) -> bool:
    """End a place because its owner goes; say whether it was still as it had been read. Call inside a transaction."""
    if place.state == PlaceState.OFFERED and place.hold_id:
        hold = Hold.objects.select_for_update(no_key=True).get(pk=place.hold_id)
        if hold.state == HoldState.HELD:
            end_holds([hold], rows=lock_rows([hold.stock_id]), state=HoldState.RELEASED, now=now)
        return True
    left = QueuePlace.objects.filter(pk=place.pk, state=PlaceState.WAITING)
    if not left.update(state=PlaceState.LEFT, ended_at=now):
        return False
    line_moved(place.drop)
    tell_positions(place.drop_id)
    return True


@atomic_retry
def close_queues(*, now: datetime) -> int:
    """End the places of drops that are over, with a kind word; return how many. Offers keep their 30 seconds."""
    over = QueuePlace.objects.waiting().filter(drop__closed_at__isnull=False)
    places = list(over.select_for_update(no_key=True, skip_locked=True, of=("self",))[:2000])
    QueuePlace.objects.filter(pk__in=[place.pk for place in places]).update(state=PlaceState.CLOSED, ended_at=now)
    for place in places:
        publish.to_viewer(place.buyer_id, QueueClosed(drop=place.drop_id))
    return len(places)


def places_of(buyer_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Tell where many buyers stand, with one query for them and one for each line: `{drop, state, position}`."""
    places = list(QueuePlace.objects.active().filter(buyer__in=buyer_ids).order_by("pk"))
    lines = {
        drop_id: list(QueuePlace.objects.waiting().filter(drop=drop_id).values_list("number", flat=True))
        for drop_id in {place.drop_id for place in places}
    }
    found: dict[UUID, list[dict[str, Any]]] = {}
    for place in places:
        waits = place.state == PlaceState.WAITING
        position = bisect_left(lines[place.drop_id], place.number) + 1 if waits else 0
        card = {"drop": place.drop_id, "state": place.state, "position": position}
        found.setdefault(place.buyer_id, []).append(card)
    return found


def tell_all_positions() -> None:
    """Refresh the positions of everyone who waits; those in front have heard of each move already."""
    for drop_id in QueuePlace.objects.waiting().order_by().values_list("drop_id", flat=True).distinct():
        tell_positions(drop_id, first=None)


@atomic_retry
def _leave(*, drop_id: int, buyer_id: UUID, now: datetime) -> bool:
    place = QueuePlace.objects.active().filter(drop=drop_id, buyer=buyer_id).first()
    if place is None:
        raise NotInQueue
    return leave_place(place=place, now=now)


def _decide(drop_id: int, requests: Sequence[JoinRequest], now: datetime | None) -> list[Place | Exception]:
    rows = list(Stock.objects.filter(drop_item__drop=drop_id).locked())
    drop = Drop.objects.filter(pk=drop_id).first()
    if drop is None:
        return [DropNotFound() for _ in requests]
    now = now or database_now()
    _reclaim(rows, now)
    buyers = {request.buyer_id for request in requests}
    standing = {place.buyer_id: place for place in QueuePlace.objects.active().filter(drop=drop, buyer__in=buyers)}
    holding = set(Hold.objects.open().filter(drop=drop, buyer__in=buyers).values_list("buyer_id", flat=True))
    quotas = quotas_of(drop_id=drop_id, variant_id=None, buyers=buyers)
    number = QueuePlace.objects.filter(drop=drop).aggregate(last=Max("number"))["last"] or 0
    ahead = QueuePlace.objects.waiting().filter(drop=drop).count()
    answers: list[Place | Exception] = []
    fresh: list[QueuePlace] = []
    for request in requests:
        if request.buyer_id in standing:
            known = standing[request.buyer_id]
            at = next((n for n, place in enumerate(fresh, ahead + 1) if place is known), None)
            answers.append(Place(drop_id, at or _position(known)))
            continue
        refused = _refusal(drop, rows, request) or (HoldsAlready() if request.buyer_id in holding else None)
        refused = refused or check_quota(
            quotas.get(request.buyer_id), wanted=1, already=0, most=drop.per_buyer, now=now
        )
        if refused is not None:
            answers.append(refused)
            continue
        place = QueuePlace(
            drop=drop,
            variant_id=request.variant_id,
            buyer_id=request.buyer_id,
            number=number + len(fresh) + 1,
            joined_at=now,
        )
        fresh.append(place)
        standing[request.buyer_id] = place
        answers.append(Place(drop_id, ahead + len(fresh)))
    _write(drop, fresh, ahead)
    return answers


def _write(drop: Drop, fresh: list[QueuePlace], ahead: int) -> None:
    if not fresh:
        return
    QueuePlace.objects.bulk_create(fresh)
    line_moved(drop)
    for position, place in enumerate(fresh, start=ahead + 1):
        publish.to_viewer(place.buyer_id, QueueJoined(drop=drop.pk, position=position))


def _refusal(drop: Drop, rows: Sequence[Stock], request: JoinRequest) -> Refused | None:
    if request.show_id not in {None, drop.show_id}:
        return DropNotFound()
    state = drop.state_at(request.at)
    if state == DropState.CLOSED:
        return DropOver()
    if state == DropState.ANNOUNCED:
        return DropNotOpen(retry_in=round((drop.opens_at - request.at).total_seconds(), 3))
    wanted = [row for row in rows if request.variant_id in {None, row.variant_id}]
    if not wanted:
        return VariantNotFound()
    if any(row.left for row in wanted):
        return NotSoldOut()
    return refuse_unchecked(drop, buyer_id=request.buyer_id, work=request.work)


def _reclaim(rows: Sequence[Stock], now: datetime) -> None:
    overdue = lock_overdue(stock_ids=[row.pk for row in rows], now=now)
    if overdue:
        end_holds(overdue, rows={row.pk: row for row in rows}, state=HoldState.EXPIRED, now=now)


def _position(place: QueuePlace) -> int:
    if place.state == PlaceState.OFFERED:
        return 0
    return QueuePlace.objects.waiting().filter(drop=place.drop_id, number__lt=place.number).count() + 1
