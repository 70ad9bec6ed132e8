"""Money and codes: what was paid with a code goes back, and late money finds its code again or sends itself back."""

import dataclasses
from datetime import datetime, timedelta

import pytest

from checkout.gateways.base import Reading
from checkout.models import Code, CodeUse, Hold, Order, Payment, PracticeIntent, Refund
from checkout.outbox import run_outbox
from checkout.payments import settle_payment, settle_payments, start_payment
from checkout.refunds import refund_order
from checkout.settling import Answer
from checkout.tasks import DEEDS
from checkout.withdrawals import withdraw
from livecommerce.accounts.models import Visitor
from livecommerce.money import Money
from streams.models import Drop
from tests.checkout.conftest import HoldUnits, OrderUnits, bank_says, pay
from tests.checkout.test_refunds import late_money

State = CodeUse.State


@pytest.fixture
def bargain(viewer: Visitor, held: Hold, table4: Code, order_units: OrderUnits) -> Order:
    """Ana's two cups with EUR 4.00 off: EUR 42.90, not paid yet."""
    return order_units(viewer, held, codes=["TABLE4"])


def states() -> list[str]:
    return list(CodeUse.objects.order_by("pk").values_list("state", flat=True))


def test_late_money_takes_its_code_again_while_one_is_left(
    bargain: Order, held: Hold, table4: Code, now: datetime
) -> None:
    payment, later = late_money(bargain, held, now)
    assert states() == [State.FREED]

    settle_payment(payment_id=payment.pk, reading=bank_says(payment, "succeeded"), now=later)

    bargain.refresh_from_db()
    table4.refresh_from_db()
    assert (bargain.state, states(), table4.taken) == (Order.State.PAID, [State.SPENT], 1)
    assert CodeUse.objects.get().freed_at is None
    assert not Refund.objects.exists()


def test_late_money_whose_code_went_to_others_goes_back_by_itself_and_once(
    bargain: Order, held: Hold, table4: Code, rival_viewer: Visitor, drop_on_sale: Drop, hold_units: HoldUnits,
    order_units: OrderUnits, now: datetime,
) -> None:  # fmt: skip
    Code.objects.update(uses=1)
    payment, later = late_money(bargain, held, now)
    order_units(rival_viewer, hold_units(rival_viewer, drop=drop_on_sale), codes=["TABLE4"], household=2)

    for _ in range(2):
        settle_payment(payment_id=payment.pk, reading=bank_says(payment, "succeeded"), now=later)
    run_outbox(deeds=DEEDS, now=later)
    run_outbox(deeds=DEEDS, now=later + timedelta(hours=1))

    bargain.refresh_from_db()
    held.refresh_from_db()
    assert (bargain.state, held.state) == (Order.State.REFUNDED, Hold.State.EXPIRED)
    assert states() == [State.FREED, State.RESERVED]
    assert PracticeIntent.objects.get(ref=payment.provider_ref).refunded_minor == 4290
    assert Refund.objects.get().reason == "came_too_late"


def test_late_money_of_a_buyer_who_used_the_code_meanwhile_goes_back(
    bargain: Order, held: Hold, viewer: Visitor, drop_on_sale: Drop, table4: Code, hold_units: HoldUnits,
    order_units: OrderUnits, now: datetime,
) -> None:  # fmt: skip
    payment, later = late_money(bargain, held, now)
    order_units(viewer, hold_units(viewer, drop=drop_on_sale), codes=["TABLE4"])

    settle_payment(payment_id=payment.pk, reading=bank_says(payment, "succeeded"), now=later)

    bargain.refresh_from_db()
    assert bargain.state == Order.State.REFUND_DUE
    assert states() == [State.FREED, State.RESERVED]


def test_another_amount_than_asked_for_frees_the_code(bargain: Order, table4: Code, now: datetime) -> None:
    attempt = start_payment(order_id=bargain.pk, now=now)
    reading = dataclasses.replace(bank_says(attempt, "succeeded"), amount=Money(4200, "EUR"))

    settle_payment(payment_id=attempt.pk, reading=reading, now=now)

    bargain.refresh_from_db()
    assert (bargain.state, states()) == (Order.State.REFUND_DUE, [State.FREED])
    assert Refund.objects.get().amount_minor == 4200


def test_orders_with_and_without_codes_are_settled_together(
    bargain: Order, table4: Code, rival_viewer: Visitor, drop_on_sale: Drop, hold_units: HoldUnits,
    order_units: OrderUnits, now: datetime,
) -> None:  # fmt: skip
    plain = order_units(rival_viewer, hold_units(rival_viewer, drop=drop_on_sale), household=2)
    attempts = [bargain.payments.get(), plain.payments.get()]

    settled = settle_payments([Answer(one.pk, bank_says(one, "succeeded"), now) for one in attempts])

    assert [one.state for one in settled if isinstance(one, Payment)] == [Payment.State.SUCCEEDED] * 2
    assert states() == [State.SPENT]
    assert set(Order.objects.values_list("state", "total_minor")) == {("paid", 4290), ("paid", 4690)}


@pytest.mark.parametrize("way", ["the seller refunds", "the buyer withdraws"])
def test_what_was_paid_with_a_code_goes_back_and_no_more(bargain: Order, table4: Code, now: datetime, way: str) -> None:
    pay(bargain, now)

    if way == "the seller refunds":
        refund_order(order_id=bargain.pk, restock=True, actor=None, now=now)
    else:
        withdraw(order_id=bargain.pk, now=now)
    run_outbox(deeds=DEEDS, now=now)

    assert Refund.objects.get().amount_minor == PracticeIntent.objects.get().refunded_minor == 4290
    # The code was used for a contract; that its money went back makes it no new one.
    assert states() == [State.SPENT]


def test_a_yes_that_is_heard_twice_spends_a_code_once(bargain: Order, table4: Code, now: datetime) -> None:
    payment = pay(bargain, now)
    again = Reading(ref=payment.provider_ref, state="succeeded", amount=payment.amount)

    settle_payment(payment_id=payment.pk, reading=again, now=now + timedelta(minutes=1))

    assert CodeUse.objects.get().spent_at == now
    table4.refresh_from_db()
    assert table4.taken == 1
