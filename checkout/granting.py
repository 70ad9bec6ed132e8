"""Granting: who gets units, for one tap or for thousands at once. The rule guarded here: first come, first held.

Taps on one subject (a drop, or a variant of the shop) are decided in the order of their arrival in one transaction: the
stock rows are locked, known keys are answered as before, limits are checked, units granted while there are any, then
written in a few statements. The CHECKs of the database stand behind it: a mistake here can refuse, never oversell.

Lock order: holds → stock (by id) → quotas → drop → ledger → feed. Holds that ran out are taken over here after the
stock rows, against that order, and so are offers; but only those that nobody else has locked (SKIP LOCKED), so no
circle can close.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection, transaction

from catalog.stock import take
from checkout.cards import ask_faces, hold_card, with_variants
from checkout.counts import stock_changed, tell_granted
from checkout.draws import enter_draw
from checkout.inserting import NewHold, insert_holds
from checkout.lapses import end_holds, lock_overdue
from checkout.models import Hold, QueuePlace
from checkout.quotas import add_units, check_quota, quotas_of
from checkout.reading import ask_known, read_locked
from checkout.shelf import (
    HoldAnswer,
    HoldRequest,
    NotEnough,
    SoldOut,
    Subject,
    VariantNotFound,
    answer_known,
    answer_new,
    read_shelf,
    refusal,
    rows_of,
    shortage,
)
from livecommerce.clock import database_now
from livecommerce.realtime import publish
from livecommerce.realtime.batch import Busy
from livecommerce.realtime.protocol import HoldPlaced
from livecommerce.trips import one_trip
from streams.drops import DropNotFound, note_sold_out

TRIES = 4
# Subjects on which this process last saw nothing left: only there the look without a lock is worth its queries. A wrong
# entry, or a missing one, costs one look or one lock and decides nothing.
_empty: set[Subject] = set()

type Answer = HoldAnswer | Exception


def decide_holds(
    subject: Subject, requests: Sequence[HoldRequest], *, now: datetime | None = None
) -> list[HoldAnswer | Exception]:
    """Decide taps on one subject; the n-th answer belongs to the n-th tap. `now` is the database's time."""
    for attempt in range(TRIES):
        try:
            refused = _refuse_without_lock(subject, requests, now) if subject in _empty else None
            if refused is not None:
                return refused
            with transaction.atomic():
                return _Round(subject, requests, now).decide()
        except (DropNotFound, VariantNotFound) as missing:
            return [missing for _ in requests]
        except OperationalError as error:
            # A deadlock or a lock that took too long: PostgreSQL undid all of it, so it can be tried again.
            connection.close_if_unusable_or_obsolete()
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
) -> list[Answer] | None:
    """Answer a rush on an empty shelf from plain reads, or return None when a lock is worth taking.

    Only what is committed is read: if all units are taken and none has run out, no tap of this moment can win, and
    whoever reads a moment too early is let in to the lock. So this gate errs towards letting in alone.
    """
    rows = list(rows_of(subject))
    if not rows or any(row.left for row in rows):
        # A missing row is told by the reader of the shelf.
        _empty.discard(subject)
        return None
    if Hold.objects.filter(stock__in=[row.pk for row in rows]).overdue(now or database_now()).exists():
        return None
    kind, pk = subject
    if kind == "drop":
        offers = Hold.objects.open().filter(drop=pk, offered_at__isnull=False)
        if offers.filter(buyer__in=[request.buyer_id for request in requests]).exists():
            return None
    known = ask_known(requests)()
    shelf = read_shelf(subject, rows, requests)
    return [
        answer_known(shelf, known[key], request)
        if (key := (request.buyer_id, request.key)) in known
        else refusal(shelf, request) or SoldOut()
        for request in requests
    ]


class _Round:
    """One batch of taps on one subject, inside one transaction."""

    def __init__(self, subject: Subject, requests: Sequence[HoldRequest], now: datetime | None) -> None:
        self.requests = requests
        read = read_locked(subject, requests, now)
        if read.rows and not any(row.left for row in read.rows):
            _empty.add(subject)
        self.now, self.known, self.quotas, self.ids = read.now, read.known, read.quotas, read.ids
        self.shelf = read_shelf(subject, read.rows, requests, read.drop)
        self.fresh: dict[tuple[UUID, str], NewHold] = {}
        self.already: dict[UUID, int] = {}

    def decide(self) -> list[Answer]:
        drawn = enter_draw(self.shelf, self.requests, self.known, self.now)
        if self._reclaim() or drawn:
            # Units went to the queue or came back: limits are read as they are now.
            self.quotas = quotas_of(**self.shelf.quota_subject, buyers={request.buyer_id for request in self.requests})
        self.offers = self._offers()
        answers = [drawn.get(n) or self._answer(request) for n, request in enumerate(self.requests)]
        self._write(list(self.fresh.values()))
        # What was granted has its id by now.
        return [answer_new(answer) if isinstance(answer, NewHold) else answer for answer in answers]

    def _answer(self, request: HoldRequest) -> Answer | NewHold:
        """Answer one tap; a new hold stands for a grant that is not written yet.

        The dictionaries are asked for an id as seldom as can be: in a rush that is a good part of all work in Python.
        """
        shelf, buyer_id, key = self.shelf, request.buyer_id, (request.buyer_id, request.key)
        already = self.already.get(buyer_id, 0)
        hold = (already and self.fresh.get(key)) or (self.known and self.known.get(key))
        if hold:
            answer = answer_known(shelf, hold, request)
            return hold if isinstance(hold, NewHold) and isinstance(answer, HoldAnswer) else answer
        refused = refusal(shelf, request)
        if refused is None and self.offers and buyer_id in self.offers:
            return self._take_offer(self.offers.pop(buyer_id), request)
        refused = refused or shortage(shelf, request)
        if refused is not None:
            return refused
        quota = self.quotas.get(buyer_id) if self.quotas else None
        refused = check_quota(quota, wanted=request.quantity, already=already, most=shelf.most, now=self.now)
        if refused is not None:
            return refused
        shelf.granted[shelf.variant_of(request)] += request.quantity
        self.already[buyer_id] = already + request.quantity
        self.fresh[key] = granted = self._new_hold(request)
        return granted

    def _reclaim(self) -> bool:
        """Take over holds that ran out when there is not enough: a sweeper that stands still never blocks a sale.

        Before anything is granted: what comes back goes to the queue first, by what the rows say is left.
        """
        if sum(request.quantity for request in self.requests) <= min(row.left for row in self.shelf.rows.values()):
            return False
        wanted: Counter[int] = Counter()
        for request in self.requests:
            wanted[self.shelf.variant_of(request)] += request.quantity
        if all(self.shelf.left(variant) >= units for variant, units in wanted.items() if variant in self.shelf.rows):
            return False
        rows = {row.pk: row for row in self.shelf.rows.values()}
        overdue = lock_overdue(stock_ids=list(rows), now=self.now)
        if overdue:
            end_holds(overdue, rows=rows, state=Hold.State.EXPIRED, now=self.now)
        return bool(overdue)

    def _offers(self) -> dict[UUID, Hold]:
        """Find units that the queue has offered to these buyers; only a drop that was sold out or drawn has a queue."""
        drop = self.shelf.drop
        if drop is None or (drop.sold_out_at is None and drop.draw_ends_at is None):
            return {}
        buyers = {request.buyer_id for request in self.requests}
        offered = Hold.objects.payable(self.now).filter(drop=drop, offered_at__isnull=False, buyer__in=buyers)
        return {hold.buyer_id: hold for hold in offered}

    def _take_offer(self, offer: Hold, request: HoldRequest) -> Answer:
        """Give the one whom the queue offered a unit the full time to pay for it."""
        if request.quantity != offer.quantity or request.variant_id not in {None, offer.variant_id}:
            return NotEnough(f"{offer.quantity} is offered to you, in the variant that came back. Ask for that one.")
        if not _lock_offer(offer.pk, self.now):
            return Busy(retry_in=1.0)
        offer.offered_at, offer.key, offer.expires_at = None, request.key, self.now + self.shelf.lifetime
        offer.save(update_fields=["offered_at", "key", "expires_at"])
        QueuePlace.objects.filter(hold=offer).update(state=QueuePlace.State.TAKEN, ended_at=self.now)
        stock_changed(rows=[], drop_id=offer.drop_id, show_id=offer.show_id)
        publish.to_viewer(offer.buyer_id, HoldPlaced(hold=hold_card(with_variants([offer])[0], self.now)))
        return HoldAnswer(offer.pk, offer.quantity, offer.expires_at, offer.unit_price)

    def _new_hold(self, request: HoldRequest) -> NewHold:
        shelf, variant_id = self.shelf, self.shelf.variant_of(request)
        return NewHold(
            key=request.key,
            stock_id=shelf.rows[variant_id].pk,
            variant_id=variant_id,
            drop_id=shelf.drop.pk if shelf.drop else None,
            show_id=shelf.show_id or request.show_id,
            buyer_id=request.buyer_id,
            quantity=request.quantity,
            unit_price=shelf.prices[variant_id],
            placed_at=self.now,
            expires_at=self.now + shelf.lifetime,
            pk=next(self.ids, 0),
        )

    def _write(self, holds: list[NewHold]) -> None:
        """Write what was granted: the holds, the counts, the ledger, and then tell."""
        if not holds:
            return
        shelf = self.shelf
        with one_trip():
            insert_holds(holds)
            for variant_id, row in sorted(shelf.rows.items(), key=lambda pair: pair[1].pk):
                granted = [(hold.pk, hold.quantity) for hold in holds if hold.variant_id == variant_id]
                if granted:
                    take(stock=row, holds=granted, now=self.now)
            add_units(**shelf.quota_subject, units=self.already, most=shelf.most, known=self.quotas)
            faces = ask_faces(variant_id for variant_id, units in shelf.granted.items() if units)
        sold_out = not any(row.left for row in shelf.rows.values())
        if shelf.drop and (shelf.drop.sold_out_at or shelf.drop.draw_ends_at):
            # Never both a hold and a place.
            waiting = QueuePlace.objects.waiting().filter(drop=shelf.drop, buyer__in=list(self.already))
            waiting.update(state=QueuePlace.State.LEFT, ended_at=self.now)
        if shelf.drop and sold_out:
            note_sold_out(drop=shelf.drop, now=self.now)
        rows, drop_id = list(shelf.rows.values()), shelf.drop.pk if shelf.drop else None
        stock_changed(rows=rows, drop_id=drop_id, show_id=shelf.show_id, urgent=sold_out)
        tell_granted(holds, faces(), now=self.now)


def _lock_offer(hold_id: int, now: datetime) -> bool:
    """Lock an offer, unless it is being left, paid for or ended just now: who does that may wait for our stock row."""
    free = Hold.objects.payable(now).filter(pk=hold_id, offered_at__isnull=False)
    return free.select_for_update(no_key=True, skip_locked=True).first() is not None
