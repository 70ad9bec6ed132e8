"""Refunds: money that goes back. Rule guarded here: never more than came in, and never twice for one reason."""

from datetime import datetime

from django.db.models import Sum

from checkout.codes import free_codes
from checkout.gateways import gateway_of
from checkout.models import Order, Payment, Refund
from checkout.outbox import send_later
from checkout.restocking import put_back
from livecommerce.accounts.models import User
from livecommerce.errors import Refused
from livecommerce.money import Money
from livecommerce.realtime import publish
from livecommerce.realtime.protocol import SaleTicked
from livecommerce.transactions import atomic_retry


class RefundTooLarge(Refused):
    code = "refund.too_large"
    message = "That is more than this payment brought in. Nothing was sent; choose a smaller amount."


class NothingToRefund(Refused):
    code = "refund.nothing"
    message = "Only a paid order can be refunded, and its money goes back once. Nothing was sent."


class BankRefusedRefund(Exception):
    """The bank did not send the money; the outbox tries again."""


def lock_order(order_id: int) -> Order:
    """Lock an order's row: whoever gives money back takes it first, so that two never owe the same money."""
    return Order.objects.select_for_update(no_key=True).get(pk=order_id)


@atomic_retry
def refund_order(*, order_id: int, restock: bool, actor: User | None, now: datetime) -> Refund:
    """Give a buyer all the money back because the seller says so. Whether the units go back for sale is a decision.

    :raises NothingToRefund: not paid, or given back before; nothing is written.
    """
    order = lock_order(order_id)
    if not order.is_paid:
        raise NothingToRefund
    refund = give_back_all(order=order, reason="by_seller", now=now, actor=actor)
    if restock:
        put_back(order=order, actor=actor, now=now)
    return refund


def give_back_all(*, order: Order, reason: str, now: datetime, actor: User | None = None) -> Refund:
    """Owe all that a paid order has brought in, delivery included, and end the contract. The order's row is locked.

    :raises RefundTooLarge: all of it went back before.
    """
    # What came twice, or in another amount, has a refund of its own.
    payment = order.payments.filter(state=Payment.State.SUCCEEDED, refunds=None).first()
    if payment is None:
        raise RefundTooLarge
    refund = give_back(order=order, payment=payment, amount=payment.amount, reason=reason, now=now, actor=actor)
    order.state, order.closed_at = Order.State.REFUND_DUE, now
    order.save(update_fields=["state", "closed_at"])
    return refund


def give_back(
    *, order: Order, payment: Payment, amount: Money, reason: str, now: datetime, actor: User | None = None
) -> Refund:
    """Owe a payment back, inside the transaction that found out; the outbox then sends it. The order's row is locked.

    :raises RefundTooLarge: more than came in; nothing is written.
    """
    known = Refund.objects.filter(key=f"{reason}:{payment.pk}").first()
    if known:
        return known
    others = Refund.objects.filter(payment=payment).exclude(state=Refund.State.FAILED)
    owed = others.aggregate(sum=Sum("amount_minor"))["sum"] or 0
    if reason != "amount_differs" and owed + amount.minor > payment.amount_minor:
        raise RefundTooLarge
    refund = Refund.objects.create(
        payment=payment,
        key=f"{reason}:{payment.pk}",
        amount_minor=amount.minor,
        currency=amount.currency,
        reason=reason,
        actor=actor,
        asked_at=now,
    )
    if order.state in {Order.State.PENDING, Order.State.CANCELLED}:
        order.state, order.closed_at = Order.State.REFUND_DUE, now
        order.save(update_fields=["state", "closed_at"])
        free_codes(orders=[order], now=now)
    send_later(kind="refund", key=f"refund:{refund.pk}", payload={"refund": refund.pk}, now=now)
    if reason != "withdrawn":
        # A withdrawal has a receipt of its own, which also says what goes back.
        send_later(kind="mail.money_back", key=f"mail.money_back:{refund.pk}", payload={"refund": refund.pk}, now=now)
    return refund


def send_refund(*, refund_id: int, now: datetime) -> None:
    """Ask the bank to send the money, outside any transaction, and write down what it says.

    :raises BankRefusedRefund: the outbox waits and asks again.
    """
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.state == Refund.State.SUCCEEDED:
        return
    answer = gateway_of(refund.payment.provider).refund(
        ref=refund.payment.provider_ref, amount=Money(refund.amount_minor, refund.currency), key=refund.key
    )
    if not answer.succeeded:
        raise BankRefusedRefund(refund.key)
    _settle(refund_id, answer.ref, now)


@atomic_retry
def _settle(refund_id: int, ref: str, now: datetime) -> None:
    order = Order.objects.select_for_update(no_key=True).get(payments__refunds=refund_id)
    asked = Refund.objects.filter(pk=refund_id, state=Refund.State.PENDING)
    if not asked.update(state=Refund.State.SUCCEEDED, provider_ref=ref, settled_at=now):
        return
    if order.state == Order.State.REFUND_DUE:
        order.state = Order.State.REFUNDED
        order.save(update_fields=["state"])
    if order.show_id:
        amount = dict(order.total.wire())
        at = int(now.timestamp() * 1000)
        publish.to_host(
            order.show_id, SaleTicked(kind="refunded", text=f"Paid back: {order.code}", amount=amount, at=at)
        )
