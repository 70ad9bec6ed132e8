"""Payments: attempts at the bank and their one end. Rule guarded here: nothing is paid that is not held, nothing twice.

`pay_order` talks to the gateway between transactions, never inside one. Whatever the bank says, by whichever way we
hear it (its answer, the buyer's return, a late notice, the sweep), goes through `settle_payment`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from checkout.addresses import clean_delivery
from checkout.attempts import announce, handing, untried
from checkout.codes import spend_codes
from checkout.fair_play import HouseholdLimit, claim_share
from checkout.gateways import gateway, gateway_of
from checkout.gateways.base import Card, CardRefused, Gateway, Reading, may_move
from checkout.holds import HoldOver, begin_payment, commit_holds, return_to_held
from checkout.links import order_path
from checkout.models import Hold, Order, Payment
from checkout.orders import end_untried, place_order, stand_down
from checkout.outbox import send_later
from checkout.placing import TIME_TO_PAY
from checkout.refunds import give_back
from checkout.settling import Answer, settle_plain
from livecommerce.errors import Refused
from livecommerce.realtime import publish
from livecommerce.realtime.batch import Batch
from livecommerce.realtime.protocol import OrderPaid, SaleTicked
from livecommerce.transactions import atomic_retry

log = structlog.get_logger(__name__)

MOST_TRIES = 12
_BATCH = 100


class OrderClosed(Refused):
    code = "order.closed"
    message = (
        "This order was not paid in time and its hold is over. Nothing was charged. If there is stock, hold it again."
    )


class NothingToAnswer(Refused):
    code = "payment.nothing_to_answer"
    message = "Your bank is not asking anything about this order. Look at the order page for where it stands."


class PaymentDeclined(Refused):
    code = "payment.declined"
    status = 402


class CheckoutIncomplete(Refused):
    code = "order.incomplete"
    status = 422
    message = "Some fields need a look. Nothing was charged and your hold stays."


class TooManyTries(Refused):
    code = "payment.too_many_tries"
    status = 429
    message = (
        "Too many cards were tried for this order. Nothing was charged. Your hold stays to its end; ask your bank."
    )


def order_and_pay(
    *,
    buyer_id: UUID,
    hold_ids: list[int],
    email: str,
    address: Mapping[str, object],
    card: Card,
    key: str,
    codes: Sequence[str] = (),
    total_seen: int | None = None,
    now: datetime,
) -> Payment:
    """Order and pay in one act, for the page that has no scripts.

    :raises CheckoutIncomplete: all slips of address and card at once; nothing is written.
    """
    slips: dict[str, str] = {}
    for check in (lambda: clean_delivery(email=email, address=address), lambda: gateway().check_card(card)):
        try:
            check()
        except Refused as refused:
            slips |= refused.fields
    if slips:
        raise CheckoutIncomplete(fields=slips)
    order = place_order(
        buyer_id=buyer_id,
        hold_ids=hold_ids,
        email=email,
        address=address,
        key=key,
        codes=codes,
        total_seen=total_seen,
        now=now,
    )
    return pay_order(order_id=order.pk, card=card, now=now)


def pay_order(*, order_id: int, card: Card, now: datetime) -> Payment:
    """Charge a card for a pending order; a second tap joins the first and never charges again.

    :raises CardRefused: the numbers cannot be right; no bank is asked and the hold is free again.
    :raises HouseholdLimit: the same, because the drop's limit is reached with this e-mail, address or card.
    :raises OrderClosed, HoldOver: too late; nothing is charged.
    """
    attempt = untried.ask_from_thread("payments", (order_id, now))
    try:
        if attempt:
            _gateway(attempt).check_card(card)
        else:
            attempt = start_payment(order_id=order_id, card=card, now=now)
        if attempt.state == Payment.State.NEW:
            claim_share(order_id=order_id, card=_gateway(attempt).fingerprint(card))
    except (CardRefused, HouseholdLimit):
        stand_down(order_id=order_id, now=now)
        raise
    if attempt.state != Payment.State.NEW:
        return attempt
    attempt = announce(attempt)
    if not handing.ask_from_thread("payments", (attempt.pk, now)):
        return Payment.objects.get(pk=attempt.pk)
    reading = gateway_of(attempt.provider).confirm(ref=attempt.provider_ref, card=card)
    return settling.ask_from_thread("payments", Answer(attempt.pk, reading, now))


@atomic_retry
def start_payment(*, order_id: int, card: Card | None = None, now: datetime) -> Payment:
    """Return the attempt to work on: the paid one, the running one, or a new one with its holds set to PAYING.

    :raises CardRefused, OrderClosed, HoldOver: nothing is written.
    """
    order = Order.objects.select_for_update(no_key=True).get(pk=order_id)
    attempts = list(order.payments.order_by("n"))
    settled = next((attempt for attempt in attempts if attempt.state == Payment.State.SUCCEEDED), None)
    running = next((attempt for attempt in attempts if attempt.is_open), None)
    if settled:
        return settled
    if not order.is_pending:
        raise OrderClosed
    if running and running.state != Payment.State.NEW:
        return running
    if card:
        _gateway(attempts[-1]).check_card(card)
    if sum(attempt.state == Payment.State.FAILED for attempt in attempts) >= MOST_TRIES:
        # Nobody tries a list of stolen cards here.
        raise TooManyTries
    if running is None:
        return _next_attempt(order, attempts[-1], now)
    if running.deadline_at <= now:
        # Over, unless the show's clocks stand: then what is held stays payable.
        end_untried(order, now)
        return _next_attempt(order, running, now)
    return running


def answer_check(*, order_id: int, agreed: bool, now: datetime) -> Payment:
    """Pass the buyer's answer on to the bank that asked (3-D Secure), and settle.

    :raises NothingToAnswer: no bank is asking; a reload after the answer finds the settled attempt instead.
    """
    attempt = Payment.objects.filter(order_id=order_id).order_by("-n").first()
    if attempt is None or attempt.state in {Payment.State.NEW, Payment.State.PROCESSING}:
        raise NothingToAnswer
    if attempt.state != Payment.State.REQUIRES_ACTION:
        return attempt
    reading = _gateway(attempt).answer_check(ref=attempt.provider_ref, agreed=agreed)
    return settle_payment(payment_id=attempt.pk, reading=reading, now=now)


def refresh_payment(*, payment: Payment, now: datetime) -> Payment:
    """Ask the bank where an attempt stands; the buyer's own way back when a notice is late."""
    if not payment.is_open or not payment.provider_ref:
        return payment
    reading = _gateway(payment).read(ref=payment.provider_ref)
    return settle_payment(payment_id=payment.pk, reading=reading, now=now)


def settle_notices(*, now: datetime) -> int:
    """Hear what banks say by themselves; the same may be said twice, or late."""
    heard = 0
    for notice in gateway().notices():
        attempt = Payment.objects.filter(provider=gateway().provider, provider_ref=notice.ref).first()
        if attempt:
            settle_payment(payment_id=attempt.pk, reading=notice, now=now)
            heard += 1
    return heard


def cancel_at_bank(*, payment_id: int, now: datetime) -> None:
    """Give an attempt up at the bank, which may say that it was quicker; that is settled too."""
    attempt = Payment.objects.get(pk=payment_id)
    reading = _gateway(attempt).cancel(ref=attempt.provider_ref)
    settle_payment(payment_id=attempt.pk, reading=reading, now=now)


def give_up_overdue_payments(*, now: datetime) -> int:
    """Cancel attempts whose time is over, with the bank first: what it says then is what counts."""
    ended = 0
    for attempt in Payment.objects.overdue(now).order_by("deadline_at")[:_BATCH]:
        if attempt.provider_ref:
            cancel_at_bank(payment_id=attempt.pk, now=now)
        else:
            # No bank has heard of it, so none can charge for it.
            never_asked = Reading(ref="", state="cancelled", amount=attempt.amount)
            settle_payment(payment_id=attempt.pk, reading=never_asked, now=now)
        ended += 1
    return ended


def latest_payment(order: Order) -> Payment | None:
    """Return the newest attempt, from what is loaded."""
    return max(order.payments.all(), key=lambda attempt: attempt.n, default=None)


def refuse_when_declined(attempt: Payment, now: datetime) -> None:
    """Turn a failed attempt into words for the one who waits for its answer.

    :raises PaymentDeclined: with what happened, what is safe and what next.
    """
    if attempt.state in {Payment.State.FAILED, Payment.State.CANCELLED}:
        words = _declined_words(attempt, now)
        raise PaymentDeclined(words, fields={"card": words})


def settle_payment(*, payment_id: int, reading: Reading, now: datetime) -> Payment:
    """Bring an attempt and its order to where the bank says they are; see `settle_payments`."""
    settled = settle_payments([Answer(payment_id, reading, now)])[0]
    if isinstance(settled, Exception):
        raise settled
    return settled


def settle_payments(answers: Sequence[Answer]) -> list[Payment | Exception]:
    """Settle what banks say of these attempts. The one place where money changes an order.

    Applying a reading twice, or an old one late, changes nothing.
    """
    plain = settle_plain(answers)
    return [plain.get(place) or _settle_alone(*answer) for place, answer in enumerate(answers)]


def _settle_together(subject: str, answers: Sequence[Answer]) -> list[Payment | Exception]:
    return settle_payments(answers)


settling: Batch[Answer, Payment] = Batch("payments", _settle_together)


@atomic_retry
def _settle_alone(payment_id: int, reading: Reading, now: datetime) -> Payment:
    """Settle whatever is not a plain yes. Locks: order, then its holds and what follows."""
    order_id = Payment.objects.values_list("order_id", flat=True).get(pk=payment_id)
    order = Order.objects.select_for_update(no_key=True).select_related("brand").get(pk=order_id)
    attempt = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    if not may_move(attempt.state, reading.state):
        return attempt
    _write(attempt, reading, now)
    if reading.state == "succeeded":
        _take_money(order, attempt, reading, now)
    elif reading.state in {"failed", "cancelled"} and order.is_pending:
        return_to_held(order=order, now=now)
        if reading.state == "failed":
            _tick(order, "declined", f"Payment declined: {order.code}", now)
    return attempt


def _take_money(order: Order, attempt: Payment, reading: Reading, now: datetime) -> None:
    """The money is there: the goods are the buyer's, or the money goes back by itself."""
    if reading.amount != attempt.amount:
        log.error("payment_amount_differs", order=order.code, asked=str(attempt.amount), charged=str(reading.amount))
        if order.is_pending:
            _let_goods_go(order, now)
        give_back(order=order, payment=attempt, amount=reading.amount, reason="amount_differs", now=now)
        return
    if order.state not in {Order.State.PENDING, Order.State.CANCELLED}:
        give_back(order=order, payment=attempt, amount=reading.amount, reason="paid_twice", now=now)
        return
    try:
        with transaction.atomic():
            _commit(order, now)
    except Refused:
        give_back(order=order, payment=attempt, amount=reading.amount, reason="came_too_late", now=now)
        return
    order.state, order.paid_at, order.closed_at = Order.State.PAID, now, None
    order.save(update_fields=["state", "paid_at", "closed_at"])
    send_later(kind="mail.order_paid", key=f"mail.order_paid:{order.pk}", payload={"order": order.pk}, now=now)
    publish.to_viewer(order.buyer_id, OrderPaid(order=order.code, url=order_path(order.code)))
    units = sum(order.lines.values_list("quantity", flat=True))
    _tick(order, "paid", f"{units} sold, order {order.code}", now)


def _commit(order: Order, now: datetime) -> None:
    """Turn the order's holds into sold units and spend its code; what ran out meanwhile is taken again if it is there.

    :raises Refused: not all of it can be had; the savepoint undoes the part that could.
    """
    # An attempt that ended without money let its holds go; money that comes after all claims them back.
    Hold.objects.filter(order_line__order=order, order=None).update(order=order)
    if order.holds.count() != order.lines.count():
        # Its holds went on to another order of the same buyer.
        raise HoldOver
    commit_holds(order=order, now=now)
    spend_codes(orders=[order], now=now)


def _let_goods_go(order: Order, now: datetime) -> None:
    """Leave the goods of an order that ends without them in their buyer's bag, to its end, for another order."""
    return_to_held(order=order, now=now)
    order.holds.update(order=None)
    order.lines.update(hold=None)


def _next_attempt(order: Order, last: Payment, now: datetime) -> Payment:
    holds = [line.hold for line in order.lines.select_related("hold") if line.hold]
    # Its own end stays what it was: a declined card never makes a hold longer.
    begin_payment(holds=holds, order=order, until=now, now=now)
    return Payment.objects.create(
        order=order,
        n=last.n + 1,
        provider=last.provider,
        amount_minor=order.total_minor,
        currency=order.currency,
        started_at=now,
        deadline_at=max(now + TIME_TO_PAY, *(hold.expires_at for hold in holds)),
    )


def _write(attempt: Payment, reading: Reading, now: datetime) -> None:
    attempt.state = reading.state
    attempt.failure_code, attempt.failure_text = reading.failure_code, reading.failure_text
    attempt.card_brand = reading.card_brand or attempt.card_brand
    attempt.card_last4 = reading.card_last4 or attempt.card_last4
    attempt.settled_at = None if attempt.is_open else now
    attempt.save(update_fields=["state", "failure_code", "failure_text", "card_brand", "card_last4", "settled_at"])


def _tick(order: Order, kind: str, text: str, now: datetime) -> None:
    if order.show_id:
        amount = dict(order.total.wire())
        at = int(now.timestamp() * 1000)
        publish.to_host(order.show_id, SaleTicked(kind=kind, text=text, amount=amount, at=at))


def _gateway(attempt: Payment) -> Gateway:
    return gateway_of(attempt.provider)


def _declined_words(attempt: Payment, now: datetime) -> str:
    """Say what happened, what is safe and what next, for an attempt that ended without money."""
    what = attempt.failure_text or "The payment was given up."
    ends = [
        line.hold.expires_at - now
        for line in attempt.order.lines.select_related("hold")
        if line.hold and line.hold.state == line.hold.State.HELD
    ]
    left = int(min(ends).total_seconds()) if ends else 0
    if left <= 0:
        return f"{what} Nothing was charged. The hold is over; if there is stock, hold it again."
    return f"{what} Nothing was charged. It stays held for {left // 60}:{left % 60:02d}; try another card."
