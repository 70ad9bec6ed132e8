"""Refunds: money without goods goes back by itself, and once."""

from datetime import datetime, timedelta

import pytest
from django.core import mail

from catalog.models import Stock, Variant
from checkout.attempts import announce
from checkout.holds import expire_overdue_holds
from checkout.models import Hold, Order, Payment, PracticeIntent, Refund
from checkout.orders import cancel_unpayable_orders
from checkout.outbox import run_outbox
from checkout.payments import settle_payment, start_payment
from checkout.tasks import DEEDS
from livecommerce.accounts.models import Visitor
from livecommerce.money import Money
from tests.checkout.conftest import HoldUnits, OrderUnits, bank_says, pay


def late_money(order: Order, held: Hold, now: datetime) -> tuple[Payment, datetime]:
    """An attempt that we gave up, whose bank charges all the same."""
    payment = announce(start_payment(order_id=order.pk, now=now))
    later = held.expires_at + timedelta(minutes=5)
    PracticeIntent.objects.filter(ref=payment.provider_ref).update(state="cancelled")
    settle_payment(payment_id=payment.pk, reading=bank_says(payment, "cancelled"), now=later)
    expire_overdue_holds(now=later)
    cancel_unpayable_orders(now=later)
    PracticeIntent.objects.filter(ref=payment.provider_ref).update(state="succeeded")
    return payment, later


def test_money_after_the_hold_takes_the_goods_again_while_there_is_stock(
    pending_order: Order, held: Hold, now: datetime
) -> None:
    payment, later = late_money(pending_order, held, now)

    settle_payment(payment_id=payment.pk, reading=bank_says(payment, "succeeded"), now=later)

    pending_order.refresh_from_db()
    held.refresh_from_db()
    assert (pending_order.state, held.state) == (Order.State.PAID, Hold.State.COMMITTED)
    assert not Refund.objects.exists()


def test_money_after_the_goods_are_gone_goes_back_by_itself_and_once(
    pending_order: Order, held: Hold, now: datetime
) -> None:
    payment, later = late_money(pending_order, held, now)
    Stock.objects.filter(pk=held.stock_id).update(on_hand=0)
    try:
        settle_payment(payment_id=payment.pk, reading=bank_says(payment, "succeeded"), now=later)
        settle_payment(payment_id=payment.pk, reading=bank_says(payment, "succeeded"), now=later)
    finally:
        Stock.objects.filter(pk=held.stock_id).update(on_hand=10)

    pending_order.refresh_from_db()
    assert pending_order.state == Order.State.REFUND_DUE
    run_outbox(deeds=DEEDS, now=later)
    run_outbox(deeds=DEEDS, now=later + timedelta(hours=1))
    pending_order.refresh_from_db()
    refund = Refund.objects.get()
    assert (pending_order.state, refund.state) == (Order.State.REFUNDED, Refund.State.SUCCEEDED)
    assert PracticeIntent.objects.get(ref=payment.provider_ref).refunded_minor == 4690
    assert [letter.subject for letter in mail.outbox] == [f"Your money for order {pending_order.code} goes back"]


def test_money_for_holds_that_went_to_another_order_goes_back(
    pending_order: Order,
    held: Hold,
    viewer: Visitor,
    variant: Variant,
    hold_units: HoldUnits,
    order_units: OrderUnits,
    now: datetime,
) -> None:
    first = announce(start_payment(order_id=pending_order.pk, now=now))
    order_units(viewer, held, hold_units(viewer, variant=variant, quantity=1))
    PracticeIntent.objects.filter(ref=first.provider_ref).update(state="succeeded")

    settle_payment(payment_id=first.pk, reading=bank_says(first, "succeeded"), now=now)

    pending_order.refresh_from_db()
    assert pending_order.state == Order.State.REFUND_DUE


def test_another_amount_than_the_order_goes_back_and_the_goods_stay_in_the_bag(
    viewer: Visitor, pending_order: Order, held: Hold, order_units: OrderUnits, now: datetime
) -> None:
    payment = announce(start_payment(order_id=pending_order.pk, now=now))

    reading = bank_says(payment, "succeeded", amount=Money(4600, "EUR"))
    settle_payment(payment_id=payment.pk, reading=reading, now=now)

    assert Refund.objects.get().amount_minor == 4600
    pending_order.refresh_from_db()
    held.refresh_from_db()
    assert pending_order.state == Order.State.REFUND_DUE
    assert held.state == Hold.State.HELD
    again = order_units(viewer, held)
    assert again != pending_order
    assert pay(again, now).state == Payment.State.SUCCEEDED


def test_without_the_guard_a_second_answer_would_move_money(
    pending_order: Order, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the rule above: take its guard away and the same steps pay the buyer back."""
    monkeypatch.setattr("checkout.payments.may_move", lambda before, after: True)
    payment = pay(pending_order, now)

    settle_payment(payment_id=payment.pk, reading=bank_says(payment, "succeeded"), now=now)

    assert Refund.objects.get().reason == "paid_twice"
