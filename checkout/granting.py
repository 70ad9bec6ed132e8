"""Granting: who gets units, for one tap or for thousands at once. The rule guarded here: first come, first held.

Taps on one subject (a drop, or a variant of the shop) are decided in the order of their arrival in one transaction: the
stock rows are locked, known keys are answered as before, limits are checked, units granted while there are any, then
written in a few statements. The CHECKs of the database stand behind it: a mistake here can refuse, never oversell.

Lock order: holds → stock (by id) → drop → quotas → ledger → feed. Holds that ran out are taken over here after the
stock rows, against that order, but only those that nobody else has locked (SKIP LOCKED), so no circle can close.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, OperationalError, transaction

from catalog.models import Stock, Variant
from catalog.stock import take
from checkout.counts import stock_changed, tell_granted
from checkout.inserting import insert_holds
from checkout.lapses import end_holds, lock_overdue
from checkout.models import Hold, QueuePlace
from checkout.quotas import SHOP_MOST, add_units, check_quota, quotas_of
from livecommerce.clock import database_now
from livecommerce.errors import BadInput, Refused
from livecommerce.money import Money
from livecommerce.realtime.batch import Busy
from streams.drops import DropNotFound, DropOver, note_sold_out
from streams.models import Drop, DropState, Show

SHOP_HOLD = timedelta(minutes=15)
KEY_MOST = 64
TRIES = 4

type Subject = tuple[Literal["drop", "variant"], int]


class SoldOut(Refused):
    code = "drop.sold_out"
    message = "Sold out, somebody was faster. Join the queue: a unit that comes back goes to the first in line."


class NotEnough(Refused):
    code = "drop.not_enough"
    message = "Fewer are left than you asked for. Nothing was held; ask for fewer."


class DropNotOpen(Refused):
    code = "drop.not_open"
    message = "The drop is not open yet. It opens for everybody at the same moment; tap again then."


class DropPaused(Refused):
    code = "drop.paused"
    message = "Sales are paused and all clocks stand. What you hold stays yours; tap again when it goes on."


class VariantNotFound(Refused):
    code = "variant.not_found"
    status = 404
    message = "This is not on sale here."


class HoldKeyUsed(Refused):
    code = "hold.key_used"
    message = "This key was used for something else. Send a new key with each new hold."


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """One tap. `at` is when it arrived, by the database's clock; it decides whether the drop was open."""

    buyer_id: UUID
    variant_id: int | None
    quantity: int
    key: str
    at: datetime
    show_id: int | None = None


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


@dataclass(slots=True)
class Shelf:
    """What is for sale under one subject, and its terms, as read in this transaction."""

    drop: Drop | None
    show_id: int | None
    rows: dict[int, Stock]
    prices: dict[int, Money]
    most: int
    lifetime: timedelta
    paused_shows: frozenset[int] = frozenset()
    granted: Counter[int] = field(default_factory=Counter)

    def left(self, variant_id: int) -> int:
        return self.rows[variant_id].left - self.granted[variant_id]

    @property
    def quota_subject(self) -> dict[str, int | None]:
        return {
            "drop_id": self.drop.pk if self.drop else None,
            "variant_id": None if self.drop else next(iter(self.rows), None),
        }


def decide_holds(
    subject: Subject, requests: Sequence[HoldRequest], *, now: datetime | None = None
) -> list[HoldAnswer | Exception]:
    """Decide taps on one subject; the n-th answer belongs to the n-th tap. `now` is the database's time."""
    for attempt in range(TRIES):
        try:
            refused = _refuse_without_lock(subject, requests, now)
            if refused is not None:
                return refused
            with transaction.atomic():
                return _decide(subject, requests, now)
        except (DropNotFound, VariantNotFound) as missing:
            return [missing for _ in requests]
        except OperationalError as error:
            # A deadlock or a lock that took too long: PostgreSQL undid all of it, so it can be tried again.
            if attempt == TRIES - 1:
                raise Busy(retry_in=2.0) from error
            time.sleep(random.uniform(0.005, 0.05) * 2**attempt)
        except IntegrityError:
            # Another process stored one of the keys since we looked: alone, the next look finds it. Of several taps the
            # caller decides each alone, so that only the one at fault fails.
            if len(requests) > 1 or attempt == TRIES - 1:
                raise
    raise Busy(retry_in=2.0)


def _refuse_without_lock(
    subject: Subject, requests: Sequence[HoldRequest], now: datetime | None
) -> list[HoldAnswer | Exception] | None:
    """Answer a rush on an empty shelf from plain reads, or return None when a lock is worth taking.

    Only what is committed is read: if all units are taken and none has run out, no tap of this moment can win, and
    whoever reads a moment too early is let in to the lock. So this gate errs towards letting in alone.
    """
    rows = list(_rows_of(subject))
    if not rows or any(row.left for row in rows):
        # A missing row is told by the reader of the shelf.
        return None
    moment = now or database_now()
    if Hold.objects.filter(stock__in=[row.pk for row in rows]).overdue(moment).exists():
        return None
    kind, pk = subject
    known = _known(requests)
    if kind == "drop":
        offers = Hold.objects.open().filter(drop=pk, offered_at__isnull=False)
        if offers.filter(buyer__in=[request.buyer_id for request in requests]).exists():
            return None
    shelf = _read_shelf(subject, rows, requests)
    return [
        _answer_known(known[key], request)
        if (key := (request.buyer_id, request.key)) in known
        else _refusal(shelf, request) or SoldOut()
        for request in requests
    ]


def _decide(subject: Subject, requests: Sequence[HoldRequest], now: datetime | None) -> list[HoldAnswer | Exception]:
    rows = list(_rows_of(subject).locked())
    now = now or database_now()
    shelf = _read_shelf(subject, rows, requests)
    known = _known(requests)
    buyers = {request.buyer_id for request in requests}
    quotas = quotas_of(**shelf.quota_subject, buyers=buyers)
    offers = _offers(shelf, buyers, now)
    answers: list[HoldAnswer | Exception | None] = []
    fresh: dict[tuple[UUID, str], Hold] = {}
    already: Counter[UUID] = Counter()
    reclaimed = False
    for request in requests:
        key = (request.buyer_id, request.key)
        if key in known or key in fresh:
            answers.append(_answer_known(known[key], request) if key in known else None)
            continue
        refused = _refusal(shelf, request)
        if refused is None and request.buyer_id in offers:
            answers.append(_take_offer(offers.pop(request.buyer_id), shelf, request, now))
            continue
        if refused is None:
            if not reclaimed and shelf.left(_variant_of(shelf, request)) < request.quantity:
                reclaimed = True
                if _reclaim(shelf, now):
                    quotas = quotas_of(**shelf.quota_subject, buyers=buyers)
            refused = _shortage(shelf, request) or check_quota(
                quotas.get(request.buyer_id),
                wanted=request.quantity,
                already=already[request.buyer_id],
                most=shelf.most,
                now=now,
            )
        if refused is not None:
            answers.append(refused)
            continue
        variant_id = _variant_of(shelf, request)
        shelf.granted[variant_id] += request.quantity
        already[request.buyer_id] += request.quantity
        fresh[key] = _new_hold(shelf, request, variant_id, now)
        answers.append(None)
    _write(shelf, list(fresh.values()), now)
    return [
        _answer_known(fresh[request.buyer_id, request.key], request) if answer is None else answer
        for request, answer in zip(requests, answers, strict=True)
    ]


def _write(shelf: Shelf, holds: list[Hold], now: datetime) -> None:
    """Write what was granted: the holds, the counts, the ledger, and then tell."""
    if not holds:
        return
    insert_holds(holds)
    for variant_id, row in sorted(shelf.rows.items(), key=lambda pair: pair[1].pk):
        granted = [(hold.pk, hold.quantity) for hold in holds if hold.variant_id == variant_id]
        if granted:
            take(stock=row, holds=granted, now=now)
    units: Counter[UUID] = Counter()
    for hold in holds:
        units[hold.buyer_id] += hold.quantity
    add_units(**shelf.quota_subject, units=units, most=shelf.most)
    sold_out = not any(row.left for row in shelf.rows.values())
    if shelf.drop:
        if shelf.drop.sold_out_at:
            # Never both a hold and a place.
            waiting = QueuePlace.objects.waiting().filter(drop=shelf.drop, buyer__in=list(units))
            waiting.update(state=QueuePlace.State.LEFT, ended_at=now)
        elif sold_out:
            note_sold_out(drop=shelf.drop, now=now)
    stock_changed(
        rows=list(shelf.rows.values()), drop_id=shelf.drop and shelf.drop.pk, show_id=shelf.show_id, urgent=sold_out
    )
    tell_granted(holds, show_id=shelf.show_id, now=now)


def _rows_of(subject: Subject) -> Any:
    kind, pk = subject
    return Stock.objects.filter(drop_item__drop=pk) if kind == "drop" else Stock.objects.shop().filter(variant=pk)


def _read_shelf(subject: Subject, rows: list[Stock], requests: Sequence[HoldRequest]) -> Shelf:
    kind, pk = subject
    if kind == "drop":
        drop = Drop.objects.filter(pk=pk).first()
        if drop is None or not rows:
            raise DropNotFound
        return Shelf(
            drop=drop,
            show_id=drop.show_id,
            rows={row.variant_id: row for row in rows},
            prices=dict.fromkeys((row.variant_id for row in rows), drop.price),
            most=drop.per_buyer,
            lifetime=timedelta(seconds=drop.hold_seconds),
        )
    variant = Variant.objects.filter(pk=pk, is_active=True, product__is_listed=True).first()
    if variant is None or not rows:
        raise VariantNotFound
    shows = Show.objects.filter(pk__in={request.show_id for request in requests}, sales_paused_at__isnull=False)
    return Shelf(
        drop=None,
        show_id=None,
        rows={row.variant_id: row for row in rows},
        prices={pk: variant.price},
        most=SHOP_MOST,
        lifetime=SHOP_HOLD,
        paused_shows=frozenset(shows.values_list("pk", flat=True)),
    )


def _known(requests: Sequence[HoldRequest]) -> dict[tuple[UUID, str], Hold]:
    holds = Hold.objects.filter(
        buyer__in={request.buyer_id for request in requests}, key__in={request.key for request in requests}
    )
    return {(hold.buyer_id, hold.key): hold for hold in holds}


def _offers(shelf: Shelf, buyers: set[UUID], now: datetime) -> dict[UUID, Hold]:
    """Find units that the queue has offered to these buyers; only a drop that was sold out has a queue."""
    if shelf.drop is None or (shelf.drop.sold_out_at is None and not shelf.drop.draw_seconds):
        return {}
    offered = Hold.objects.filter(state=Hold.State.HELD, drop=shelf.drop, offered_at__isnull=False, buyer__in=buyers)
    return {hold.buyer_id: hold for hold in offered}


def _take_offer(offer: Hold, shelf: Shelf, request: HoldRequest, now: datetime) -> HoldAnswer | Exception:
    """Give the one whom the queue offered a unit the full time to pay for it."""
    if request.quantity != offer.quantity or request.variant_id not in {None, offer.variant_id}:
        return NotEnough(f"{offer.quantity} is offered to you, in the variant that came back. Ask for that one.")
    offer.offered_at, offer.key, offer.expires_at = None, request.key, now + shelf.lifetime
    offer.save(update_fields=["offered_at", "key", "expires_at"])
    QueuePlace.objects.filter(hold=offer).update(state=QueuePlace.State.TAKEN, ended_at=now)
    stock_changed(rows=list(shelf.rows.values()), drop_id=offer.drop_id, show_id=offer.show_id)
    tell_granted([offer], show_id=shelf.show_id, now=now)
    return HoldAnswer(offer.pk, offer.quantity, offer.expires_at, offer.unit_price)


def _answer_known(hold: Hold, request: HoldRequest) -> HoldAnswer | Exception:
    if hold.quantity != request.quantity or (request.variant_id and hold.variant_id != request.variant_id):
        return HoldKeyUsed()
    return HoldAnswer(hold.pk, hold.quantity, hold.expires_at, hold.unit_price)


def _refusal(shelf: Shelf, request: HoldRequest) -> Refused | None:
    """Say what is wrong with a tap whatever is left, or nothing."""
    if not 1 <= len(request.key) <= KEY_MOST:
        return BadInput(fields={"key": f"A key of 1 to {KEY_MOST} characters of your own is needed."})
    if not 1 <= request.quantity <= shelf.most:
        return BadInput(fields={"quantity": f"Between 1 and {shelf.most}."})
    if shelf.drop is None:
        return DropPaused() if request.show_id in shelf.paused_shows else None
    if request.show_id is not None and request.show_id != shelf.show_id:
        return DropNotFound()
    if request.variant_id not in shelf.rows and (request.variant_id is not None or len(shelf.rows) > 1):
        return BadInput(fields={"variant": "One of the drop's variants is needed."})
    return _closed(shelf.drop, request.at)


def _closed(drop: Drop, at: datetime) -> Refused | None:
    """Compare the moment of receipt with the drop's times."""
    state = drop.state_at(at)
    if state == DropState.PAUSED:
        return DropPaused()
    if state == DropState.ANNOUNCED:
        return DropNotOpen(retry_in=round((drop.opens_at - at).total_seconds(), 3))
    return DropOver() if state == DropState.CLOSED else None


def _shortage(shelf: Shelf, request: HoldRequest) -> Refused | None:
    left = shelf.left(_variant_of(shelf, request))
    if left >= request.quantity:
        return None
    if left:
        return NotEnough(f"{left} left, you asked for {request.quantity}. Nothing was held; ask for fewer.")
    return SoldOut()


def _reclaim(shelf: Shelf, now: datetime) -> bool:
    """Take over holds that ran out, so that a sweeper that stands still never blocks a sale."""
    rows = {row.pk: row for row in shelf.rows.values()}
    overdue = lock_overdue(stock_ids=list(rows), now=now)
    if overdue:
        end_holds(overdue, rows=rows, state=Hold.State.EXPIRED, now=now)
    return bool(overdue)


def _new_hold(shelf: Shelf, request: HoldRequest, variant_id: int, now: datetime) -> Hold:
    price = shelf.prices[variant_id]
    return Hold(
        key=request.key,
        stock_id=shelf.rows[variant_id].pk,
        variant_id=variant_id,
        drop_id=shelf.drop.pk if shelf.drop else None,
        show_id=shelf.show_id or request.show_id,
        buyer_id=request.buyer_id,
        quantity=request.quantity,
        unit_price_minor=price.minor,
        currency=price.currency,
        placed_at=now,
        expires_at=now + shelf.lifetime,
    )


def _variant_of(shelf: Shelf, request: HoldRequest) -> int:
    return request.variant_id if request.variant_id is not None else next(iter(shelf.rows))
