"""Settling: plain "yes" answers of banks, many in one transaction. Rule guarded here: what is not plain is left alone.

Plain is: the amount that was asked for, for a pending order whose units all wait for this payment. In a rush nearly all
answers are, and share their dozen statements, one entry of the ledger and one commit. `checkout.payments` settles the
others one by one. Lock order: orders → payments → holds (each by id) → stock's sales → limits. The code of a pending
order is reserved, so spending it counts nothing and locks no code.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from catalog.models import Stock
from catalog.stock import sell
from checkout.cards import hold_card, with_variants
from checkout.codes import spend_codes
from checkout.counts import stock_changed
from checkout.gateways.base import Reading
from checkout.links import order_path
from checkout.models import Hold, Order, Payment
from checkout.outbox import Letter, send_all_later
from checkout.quotas import free_units
from livecommerce.realtime import publish
from livecommerce.realtime.protocol import HoldTaken, OrderPaid, PrivateNews, SaleTicked
from livecommerce.transactions import atomic_retry


class Answer(NamedTuple):
    """What a bank says of an attempt to pay."""

    payment_id: int
    reading: Reading
    now: datetime


class Sale(NamedTuple):
    """An order that is paid now, with the attempt that did it and the units."""

    order: Order
    attempt: Payment
    holds: list[Hold]


@atomic_retry
def settle_plain(answers: Sequence[Answer]) -> dict[int, Payment]:
    """Settle the plain ones among these answers; return their attempts by place in the list."""
    yes = {answer.payment_id: answer.reading for answer in answers if answer.reading.state == "succeeded"}
    if not yes:
        return {}
    now = max(answer.now for answer in answers)
    wanted = Payment.objects.filter(pk__in=list(yes)).values("order")
    pending = Order.objects.pending().filter(pk__in=wanted).select_related("brand", "withdrawal")
    orders = list(pending.prefetch_related("lines").order_by("pk").select_for_update(no_key=True, of=("self",)))
    attempts, holds = defaultdict(list), defaultdict(list)
    ids = [order.pk for order in orders]
    for attempt in Payment.objects.filter(order__in=ids).order_by("pk").select_for_update(no_key=True):
        attempts[attempt.order_id].append(attempt)
    for hold in Hold.objects.filter(order__in=ids).order_by("pk").select_for_update(no_key=True):
        holds[hold.order_id].append(hold)
    sales: dict[int, Sale] = {}
    for order in orders:
        answered = [attempt for attempt in attempts[order.pk] if attempt.pk in yes]
        if len(answered) == 1 and _is_plain(order, answered[0], yes[answered[0].pk], holds[order.pk]):
            attempt = answered[0]
            attempt.order = order
            sales[attempt.pk] = Sale(order, attempt, holds[order.pk])
    if sales:
        _write(list(sales.values()), yes, now)
        _tell(list(sales.values()), now)
    places = {answer.payment_id: place for place, answer in enumerate(answers)}
    return {places[pk]: sale.attempt for pk, sale in sales.items()}


def _is_plain(order: Order, attempt: Payment, reading: Reading, holds: Sequence[Hold]) -> bool:
    return (
        attempt.is_open
        and reading.amount == attempt.amount
        and len(holds) == len(order.lines.all())
        and all(hold.state == Hold.State.PAYING for hold in holds)
    )


def _write(sales: Sequence[Sale], yes: dict[int, Reading], now: datetime) -> None:
    for _, attempt, _ in sales:
        reading = yes[attempt.pk]
        attempt.state, attempt.settled_at = Payment.State.SUCCEEDED, now
        attempt.failure_code = attempt.failure_text = ""
        attempt.card_brand = reading.card_brand or attempt.card_brand
        attempt.card_last4 = reading.card_last4 or attempt.card_last4
    # One statement for all that were paid with the same card is fewer than one each, and plainer than a CASE of all.
    for (brand, last4), some in groupby(sorted(sales, key=_card), key=_card):
        Payment.objects.filter(pk__in=[sale.attempt.pk for sale in some]).update(
            state=Payment.State.SUCCEEDED, settled_at=now, failure_code="", failure_text="", card_brand=brand,
            card_last4=last4,
        )  # fmt: skip
    for order, _, _ in sales:
        order.state, order.paid_at, order.closed_at = Order.State.PAID, now, None
    Order.objects.filter(pk__in=[sale.order.pk for sale in sales]).update(
        state=Order.State.PAID, paid_at=now, closed_at=None
    )
    holds = [hold for sale in sales for hold in sale.holds]
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(
        state=Hold.State.COMMITTED, paused_at=None, ended_at=now
    )
    for hold in holds:
        hold.state = Hold.State.COMMITTED
    for stock_id in sorted({hold.stock_id for hold in holds}):
        sell(stock_id=stock_id, holds=[(one.pk, one.quantity) for one in holds if one.stock_id == stock_id], now=now)
    # In the shop the limit is about what lies in the bag; a drop goes on counting what was bought.
    shop = [hold for hold in holds if not hold.drop_id]
    if shop:
        free_units(holds=shop, lapsed=False, now=now)
    spend_codes(orders=[sale.order for sale in sales], now=now)
    send_all_later(
        [Letter("mail.order_paid", f"mail.order_paid:{sale.order.pk}", {"order": sale.order.pk}) for sale in sales], now
    )


def _card(sale: Sale) -> tuple[str, str]:
    return sale.attempt.card_brand, sale.attempt.card_last4


def _tell(sales: Sequence[Sale], now: datetime) -> None:
    """Tell the buyers' screens, the Studio, and everyone who sees the stock."""
    news: list[tuple[UUID, PrivateNews]] = []
    holds = with_variants([hold for sale in sales for hold in sale.holds])
    for hold in holds:
        news.append((hold.buyer_id, HoldTaken(hold=hold_card(hold, now))))
    for order, _, mine in sales:
        news.append((order.buyer_id, OrderPaid(order=order.code, url=order_path(order.code))))
        if order.show_id:
            words = f"{sum(hold.quantity for hold in mine)} sold, order {order.code}"
            at = int(now.timestamp() * 1000)
            publish.to_host(order.show_id, SaleTicked(kind="paid", text=words, amount=dict(order.total.wire()), at=at))
    publish.to_viewers(news)
    for drop_id, show_id in sorted({(hold.drop_id, hold.show_id) for hold in holds if hold.drop_id}, key=str):
        stock_changed(rows=[], drop_id=drop_id, show_id=show_id)
    shop = {hold.stock_id for hold in holds if not hold.drop_id}
    if shop:
        stock_changed(rows=Stock.objects.filter(pk__in=shop), drop_id=None, show_id=None)
