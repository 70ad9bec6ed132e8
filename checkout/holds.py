"""Holds: short reservations. The rule guarded here: a unit is held by one buyer, never longer than its time.

HELD → PAYING → COMMITTED, or RELEASED / EXPIRED. Placing is in `checkout.granting`, ending in `checkout.lapses`; every
verb that others call is here. Lock order: order → holds (by id) → stock (by id) → quotas → drop → ledger → feed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Greatest

from catalog.models import Stock
from catalog.stock import lock_rows, sell, take
from checkout.cards import hold_card, with_variants
from checkout.counts import stock_changed
from checkout.granting import decide_holds
from checkout.lapses import end_holds, expire_overdue_holds, lock_overdue
from checkout.merging import merge_holds
from checkout.models import Hold, Order, QueuePlace
from checkout.models.hold import HoldQuerySet, HoldState
from checkout.quotas import SHOP_MOST, add_units, free_units, quotas_of, spend_extension
from checkout.shelf import HoldAnswer, HoldRequest, SoldOut, Subject
from livecommerce.errors import BadInput, NotFound, Refused
from livecommerce.realtime import publish
from livecommerce.realtime.batch import Batch
from livecommerce.realtime.protocol import HoldExtended, HoldTaken
from livecommerce.transactions import atomic_retry
from streams.models import Drop, Show

EXTENSION = timedelta(minutes=3)

placing: Batch[HoldRequest, HoldAnswer] = Batch("holds", decide_holds)


class HoldNotFound(NotFound):
    code = "hold.not_found"
    message = "This hold is not there, or not yours."


class HoldOver(Refused):
    code = "hold.over"
    message = "The hold is over and its units went back. Nothing was charged. Hold again if something is left."


class HoldBeingPaid(Refused):
    code = "hold.being_paid"
    message = "Your bank is deciding about this one. It stays held until the answer is there."


class ExtensionUsed(Refused):
    code = "hold.extension_used"
    message = "A hold can be made longer once, and that has happened. It stays yours until its time is over."


def subject_of(*, drop_id: int | None, variant_id: int | None) -> Subject:
    """Say which taps are decided together: those on one drop, or on one variant of the shop.

    :raises BadInput: neither is named.
    """
    if drop_id is not None:
        return ("drop", drop_id)
    if variant_id is not None:
        return ("variant", variant_id)
    raise BadInput(fields={"drop": "A drop or a variant is needed."})


def place_hold(
    *,
    buyer_id: UUID,
    drop_id: int | None = None,
    variant_id: int | None = None,
    quantity: int,
    key: str,
    show_id: int | None = None,
    work: str | None = None,
    now: datetime,
) -> HoldAnswer:
    """Reserve units for a buyer, by the same rules as the batch; the same key gives the same answer.

    :raises DropNotOpen, DropPaused, DropOver, GuestCheckNeeded: not now, or not so; nothing is held.
    :raises SoldOut, NotEnough, LimitReached, BudgetSpent, BadInput: not so many; nothing is held.
    """
    request = HoldRequest(buyer_id, variant_id, quantity, key, at=now, show_id=show_id, work=work)
    answer = decide_holds(subject_of(drop_id=drop_id, variant_id=variant_id), [request], now=now)[0]
    if isinstance(answer, Exception):
        raise answer
    return answer


@atomic_retry
def release_hold(*, hold_id: int, buyer_id: UUID, now: datetime) -> None:
    """Give units back before their time. Doing it twice gives back once.

    :raises HoldNotFound: there is none, or it is another buyer's.
    :raises HoldBeingPaid: only the bank's answer frees it.
    """
    hold = _locked_hold(hold_id, buyer_id)
    if hold.state == HoldState.HELD:
        end_holds([hold], rows=lock_rows([hold.stock_id]), state=HoldState.RELEASED, now=now)
    elif hold.is_open:
        raise HoldBeingPaid
    elif hold.state == HoldState.COMMITTED:
        raise HoldOver("This is bought already. Open the order to withdraw from it.")


@atomic_retry
def extend_hold(*, hold_id: int, buyer_id: UUID, now: datetime) -> Hold:
    """Make a hold three minutes longer, once for each buyer and item.

    :raises HoldNotFound, HoldOver, HoldBeingPaid: nothing to make longer. :raises ExtensionUsed: the budget is spent.
    """
    hold = _locked_hold(hold_id, buyer_id)
    if hold.state == HoldState.PAYING:
        raise HoldBeingPaid
    if hold.state != HoldState.HELD or hold.is_overdue(now):
        raise HoldOver
    if hold.offered_at or hold.extended_at or (hold.drop_id and not spend_extension(hold=hold)):
        raise ExtensionUsed
    hold.extended_at, hold.expires_at = now, hold.expires_at + EXTENSION
    hold.save(update_fields=["extended_at", "expires_at"])
    if hold.drop_id:
        # "Back within" changes without a unit moving.
        Drop.objects.filter(pk=hold.drop_id).update(version=F("version") + 1)
        stock_changed(rows=[], drop_id=hold.drop_id, show_id=hold.show_id)
    _tell_extended([hold], now)
    return hold


@atomic_retry
def pause_holds(*, show: Show, now: datetime) -> int:
    """Stop the clocks of everything held in a show, offers of the queue among them. It all stays payable."""
    running = Hold.objects.filter(show=show, state=HoldState.HELD, paused_at__isnull=True)
    holds = list(
        running.filter(expires_at__gt=now).with_card().order_by("pk").select_for_update(no_key=True, of=("self",))
    )
    for hold in holds:
        hold.paused_at = now
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(paused_at=now)
    _tell_extended(holds, now)
    return len(holds)


@atomic_retry
def resume_holds(*, show: Show, now: datetime) -> int:
    """Let the clocks go on where they stood: every end moves by the length of the pause."""
    holds = _paused(show)
    for hold in holds:
        hold.expires_at += now - (hold.paused_at or now)
        hold.paused_at = None
    Hold.objects.bulk_update(holds, ["expires_at", "paused_at"], batch_size=200)
    _tell_extended(holds, now)
    return len(holds)


@atomic_retry
def keep_holds_payable(*, show: Show, until: datetime, now: datetime) -> int:
    """Let everything held in a show that is over be paid until a moment, whatever its clock said."""
    alive = Hold.objects.payable(now).filter(show=show)
    holds = list(alive.with_card().order_by("pk").select_for_update(no_key=True, of=("self",)))
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(
        paused_at=None, expires_at=Greatest(F("expires_at"), until)
    )
    for hold in holds:
        hold.paused_at, hold.expires_at = None, max(hold.expires_at, until)
    _tell_extended(holds, now)
    return len(holds)


def pause_latecomers(*, now: datetime) -> int:
    """Stop the clocks of holds that were granted in the very moment in which their show was paused."""
    late = Hold.objects.filter(state=HoldState.HELD, paused_at__isnull=True, show__sales_paused_at__isnull=False)
    return late.filter(show__ended_at__isnull=True, expires_at__gt=now).update(paused_at=now)


def holds_of(buyer_id: UUID) -> HoldQuerySet:
    """Give a buyer's open holds with their cards, the soonest end first."""
    return Hold.objects.of_buyer(buyer_id).open().with_card().order_by("expires_at", "pk")


@atomic_retry
def begin_payment(*, holds: Sequence[Hold], order: Order, until: datetime, now: datetime) -> None:
    """HELD → PAYING for all of them or none, each kept at least until `until`; from here on no sweeper ends them.

    :raises HoldOver: one of them is not held any more, or has run out.
    """
    ids = [hold.pk for hold in holds]
    locked = list(Hold.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True))
    if len(locked) < len(ids) or any(hold.state != HoldState.HELD or hold.is_overdue(now) for hold in locked):
        raise HoldOver
    _take_offers([hold for hold in locked if hold.offered_at], now)
    Hold.objects.filter(pk__in=ids).update(
        state=HoldState.PAYING, order=order, offered_at=None, expires_at=Greatest(F("expires_at"), until)
    )
    for hold in holds:
        hold.refresh_from_db(fields=["state", "order", "offered_at", "expires_at"])


@atomic_retry
def commit_holds(*, order: Order, now: datetime) -> None:
    """PAYING → COMMITTED. What had run out before the money came is taken again.

    Units that were held stay counted as taken, so the stock's hot row is not touched; a row beside it counts sales.

    :raises SoldOut: something ran out and is gone; nothing is committed, the money has to go back.
    """
    holds = list(Hold.objects.filter(order=order).order_by("pk").select_for_update(no_key=True))
    lost = [hold for hold in holds if hold.state in {HoldState.EXPIRED, HoldState.RELEASED}]
    if lost:
        _take_again(lost, now)
    fresh = [hold for hold in holds if hold.state != HoldState.COMMITTED]
    Hold.objects.filter(pk__in=[hold.pk for hold in fresh]).update(
        state=HoldState.COMMITTED, paused_at=None, ended_at=now
    )
    for stock_id in sorted({hold.stock_id for hold in fresh}):
        sold = [(hold.pk, hold.quantity) for hold in fresh if hold.stock_id == stock_id]
        sell(stock_id=stock_id, holds=sold, now=now)
    # In the shop the limit is about what lies in the bag; a drop goes on counting what was bought.
    free_units(holds=[hold for hold in fresh if not hold.drop_id], lapsed=False, now=now)
    for hold in with_variants(fresh):
        hold.state = HoldState.COMMITTED
        publish.to_viewer(hold.buyer_id, HoldTaken(hold=hold_card(hold, now)))
        rows = [] if hold.drop_id else list(Stock.objects.filter(pk=hold.stock_id))
        stock_changed(rows=rows, drop_id=hold.drop_id, show_id=hold.show_id)


@atomic_retry
def return_to_held(*, order: Order, now: datetime, keep_until: datetime | None = None) -> None:
    """PAYING → HELD after a failed or cancelled payment, so that the buyer can try again until the hold's end.

    The holds remember the order: money that arrives late finds them by it.
    """
    paying = Hold.objects.filter(order=order, state=HoldState.PAYING).order_by("pk")
    ids = [hold.pk for hold in paying.select_for_update(no_key=True)]
    end = Greatest(F("expires_at"), keep_until) if keep_until else F("expires_at")
    Hold.objects.filter(pk__in=ids).update(state=HoldState.HELD, expires_at=end)


def _take_offers(offers: Sequence[Hold], now: datetime) -> None:
    """Paying for what the queue offered takes it."""
    QueuePlace.objects.filter(hold__in=[hold.pk for hold in offers]).update(state=QueuePlace.State.TAKEN, ended_at=now)


def _take_again(lost: Sequence[Hold], now: datetime) -> None:
    """Take the units of holds that ended before their money came, if they can be had under the same rules."""
    rows = lock_rows({hold.stock_id for hold in lost})
    overdue = lock_overdue(stock_ids=list(rows), now=now)
    if overdue:
        end_holds(overdue, rows=rows, state=HoldState.EXPIRED, now=now)
    for hold in lost:
        drop_id, variant_id = (hold.drop_id, None) if hold.drop_id else (None, hold.variant_id)
        most = hold.drop.per_buyer if hold.drop else SHOP_MOST
        quota = quotas_of(drop_id=drop_id, variant_id=variant_id, buyers=[hold.buyer_id]).get(hold.buyer_id)
        if rows[hold.stock_id].left < hold.quantity:
            raise SoldOut
        if quota and quota.units + hold.quantity > most:
            raise HoldOver
        add_units(drop_id=drop_id, variant_id=variant_id, units={hold.buyer_id: hold.quantity}, most=most)
        take(stock=rows[hold.stock_id], holds=[(hold.pk, hold.quantity)], now=now)


def _paused(show: Show) -> list[Hold]:
    paused = Hold.objects.filter(show=show, state=HoldState.HELD, paused_at__isnull=False)
    return list(paused.with_card().order_by("pk").select_for_update(no_key=True, of=("self",)))


def _tell_extended(holds: Sequence[Hold], now: datetime) -> None:
    for hold in holds:
        publish.to_viewer(hold.buyer_id, HoldExtended(hold=hold_card(hold, now)))


def _locked_hold(hold_id: int, buyer_id: UUID) -> Hold:
    found = Hold.objects.filter(pk=hold_id, buyer=buyer_id).with_card().select_for_update(no_key=True, of=("self",))
    hold = found.first()
    if hold is None:
        raise HoldNotFound
    return hold


__all__ = [
    "HoldAnswer",
    "HoldBeingPaid",
    "HoldNotFound",
    "HoldOver",
    "HoldRequest",
    "SoldOut",
    "begin_payment",
    "commit_holds",
    "expire_overdue_holds",
    "extend_hold",
    "hold_card",
    "holds_of",
    "keep_holds_payable",
    "merge_holds",
    "pause_holds",
    "place_hold",
    "placing",
    "release_hold",
    "resume_holds",
    "return_to_held",
    "subject_of",
]
