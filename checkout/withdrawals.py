"""Withdrawals: a buyer steps back from the contract. Rules guarded here: no reason asked, in time, and once.

Consumers of the EU have 14 days (Directive 2011/83, articles 9 to 14), counted from the day after the parcel arrived;
before it arrived they may withdraw at any time. All that was paid goes back, the delivery among it.
"""

from datetime import UTC, datetime, time, timedelta

from checkout.addresses import clean_receipt
from checkout.models import Order, Withdrawal
from checkout.outbox import send_later
from checkout.refunds import give_back_all, lock_order
from checkout.restocking import put_back
from livecommerce.errors import Refused
from livecommerce.transactions import atomic_retry

DAYS = 14
_SATURDAY = 5


class NothingPaid(Refused):
    code = "withdrawal.not_paid"
    message = "This order is not paid, so there is nothing to withdraw from. Nothing is charged when its hold ends."


class AlreadyRefunded(Refused):
    code = "withdrawal.refunded"
    message = "The money of this order went back, or is on its way. There is nothing left to withdraw from."


class WithdrawalOver(Refused):
    code = "withdrawal.over"


def withdrawable_until(order: Order) -> datetime | None:
    """Return the end of the period, or None while the parcel has not arrived and the period has not begun.

    The last day counts whole; on a weekend the period goes on to Monday (Regulation 1182/71, article 3).
    """
    if order.delivered_at is None:
        return None
    last = order.delivered_at.astimezone(UTC).date() + timedelta(days=DAYS)
    while last.weekday() >= _SATURDAY:
        last += timedelta(days=1)
    return datetime.combine(last + timedelta(days=1), time.min, tzinfo=UTC)


def can_withdraw(order: Order, now: datetime) -> bool:
    """Whether the order page offers the withdrawal."""
    until = withdrawable_until(order)
    return order.is_paid and (until is None or now < until)


@atomic_retry
def withdraw(*, order_id: int, name: str = "", email: str = "", now: datetime) -> Withdrawal:
    """Take a buyer's statement: owe all the money, mail the receipt, and put goods on sale that were never shipped.

    Doing it twice finds the first statement. `name` and `email` are for the receipt; the order's own by default.

    :raises AddressIncomplete: the receipt could not be sent.
    :raises NothingPaid, AlreadyRefunded, WithdrawalOver: nothing is written.
    """
    order = lock_order(order_id)
    known = Withdrawal.objects.filter(order=order).first()
    if known:
        return known
    _refuse_when_not_open(order, now)
    name, email = clean_receipt(name=name or order.name, email=email or order.email)
    stated = Withdrawal.objects.create(order=order, name=name, email=email, stated_at=now)
    give_back_all(order=order, reason="withdrawn", now=now)
    if order.shipped_at is None:
        put_back(order=order, actor=None, now=now)
    send_later(kind="mail.withdrawn", key=f"mail.withdrawn:{order.pk}", payload={"order": order.pk}, now=now)
    return stated


def _refuse_when_not_open(order: Order, now: datetime) -> None:
    if order.state in {Order.State.REFUND_DUE, Order.State.REFUNDED}:
        raise AlreadyRefunded
    if not order.is_paid:
        raise NothingPaid
    until = withdrawable_until(order)
    if until is not None and now >= until:
        day = (until - timedelta(days=1)).strftime("%-d %B %Y")
        raise WithdrawalOver(
            f"The time to withdraw ended with {day}. Nothing was changed. If something is wrong with the goods, "
            "answer the mail of this order."
        )
