"""Races for money: several processes meet at one order, one payment, one refund. Each guard has its control."""

from datetime import timedelta

import pytest
from django.utils import timezone

from checkout.attempts import announce
from checkout.audit import breaches
from checkout.gateways.practice import ASKS_FOR_3DS, DECLINED, SUCCEEDS
from checkout.models import Hold, Order, Outbox, Payment, PracticeIntent, Refund
from checkout.payments import give_up_overdue_payments, refresh_payment, start_payment
from livecommerce.accounts.models import Visitor
from livecommerce.clock import database_now
from tests.checkout.conftest import pay
from tests.checkout.races import race
from tests.checkout.test_refunds import late_money

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def now():
    """Races run on the real clock."""
    return database_now()


@pytest.fixture
def asked_orders(drop_of, crowd, hold_units, order_units, now):
    """`asked_orders(6)`: orders of one unit each whose banks ask their buyers; the time of the holds is over."""

    def make(count: int):
        drop = drop_of(count, per_buyer=1)
        orders = []
        for household, buyer in enumerate(Visitor.objects.filter(pk__in=crowd(count)), start=1):
            orders.append(order_units(buyer, hold_units(buyer, drop=drop, quantity=1), household=household))
            pay(orders[-1], now, ASKS_FOR_3DS)
        Hold.objects.update(expires_at=now - timedelta(seconds=1))
        return drop, [order.pk for order in orders]

    return make


def test_orders_of_the_same_two_things_are_paid_side_by_side(product, crowd):
    variants = [variant.pk for variant in product.variants.order_by("pk")]

    told = race("payers.pay_both_ways", processes=4, variants=variants, buyers=crowd(32))

    assert [len(codes) for codes in told] == [8] * 4
    assert Order.objects.filter(state=Order.State.PAID).count() == 32


def test_nobody_is_charged_another_total_than_they_saw(drop_of, crowd):
    drop = drop_of(60, per_buyer=1)

    told = race("payers.order_while_prices_move", processes=4, drop=drop.pk, buyers=crowd(45), looks=True)

    bought = [one for each in told for one in each]
    assert len(bought) == Order.objects.filter(state=Order.State.PAID).count() == 45
    assert all(one["seen"] == one["charged"] == one["order"] for one in bought)
    # The price of delivery did move under somebody's thumb.
    assert sum(one["moved"] for one in bought) > 0


def test_without_the_total_on_the_button_people_pay_what_they_did_not_see(drop_of, crowd):
    """The control of the rule above."""
    drop = drop_of(60, per_buyer=1)

    told = race("payers.order_while_prices_move", processes=4, drop=drop.pk, buyers=crowd(45), looks=False)

    assert any(one["seen"] != one["charged"] for each in told for one in each)


def test_a_bank_that_asks_is_waited_for_beyond_the_time_of_the_hold(asked_orders, crowd):
    drop, orders = asked_orders(6)

    states, _, won = race("payers.answer_while_swept", processes=3, drop=drop.pk, orders=orders, buyers=crowd(20))

    assert states == ["succeeded"] * 6
    assert won == 0
    assert Order.objects.filter(state=Order.State.PAID).count() == 6
    assert not Refund.objects.exists()


def test_a_sweep_that_does_not_spare_what_is_being_paid_sells_it_again(asked_orders, crowd):
    """The control of the rule above: others get the units, and the money of those who were in time goes back."""
    drop, orders = asked_orders(6)

    _, _, won = race(
        "payers.answer_while_swept", processes=3, drop=drop.pk, orders=orders, buyers=crowd(20), without="paying"
    )

    assert won > 0
    assert Refund.objects.filter(reason="came_too_late").exists()


def test_an_answer_in_the_last_moment_is_taken_or_given_up_and_nothing_between(asked_orders):
    _, orders = asked_orders(12)

    race("payers.answer_or_give_up", processes=4, orders=orders)

    for order in Order.objects.filter(pk__in=orders):
        (intent,) = PracticeIntent.objects.filter(key=f"order:{order.pk}:pi:1")
        paid = order.state == Order.State.PAID
        assert paid == (intent.state == "succeeded")
        assert Hold.objects.get(order_line__order=order).state == ("committed" if paid else "held")
        assert Outbox.objects.filter(kind="mail.order_paid", payload__order=order.pk).count() == int(paid)
    assert list(breaches()) == []


def test_a_tab_that_is_closed_after_the_bank_said_yes_has_bought(pending_order, now):
    race("payers.pay_and_die", processes=1, order=pending_order.pk)
    pending_order.refresh_from_db()
    assert pending_order.state == Order.State.PENDING

    refresh_payment(payment=pending_order.payments.get(), now=now)

    pending_order.refresh_from_db()
    assert pending_order.state == Order.State.PAID
    assert PracticeIntent.objects.filter(state="succeeded").count() == 1


def test_nobody_has_to_come_back_to_have_bought(pending_order, now):
    race("payers.pay_and_die", processes=1, order=pending_order.pk)

    give_up_overdue_payments(now=now + timedelta(minutes=11))

    pending_order.refresh_from_db()
    assert pending_order.state == Order.State.PAID


def test_many_cards_in_many_tabs_charge_once_and_a_declined_one_costs_no_hold(pending_order, held):
    cards = [DECLINED, SUCCEEDS, DECLINED, SUCCEEDS]

    race("payers.pay_with_many_cards", processes=4, order=pending_order.pk, cards=cards)

    charged = PracticeIntent.objects.filter(state="succeeded").count()
    pending_order.refresh_from_db()
    held.refresh_from_db()
    assert charged <= 1
    # When the declined one was first, the others joined it: the buyer tries again, and the hold is still there.
    assert (pending_order.state, held.state) == (("paid", "committed") if charged else ("pending", "held"))
    if not charged:
        assert pay(pending_order, timezone.now()).state == Payment.State.SUCCEEDED


def test_the_banks_word_heard_four_times_at_once_pays_once(pending_order, now):
    payment = announce(start_payment(order_id=pending_order.pk, now=now))
    PracticeIntent.objects.update(state="succeeded")

    told = race("payers.settle_together", processes=4, payment=payment.pk, minutes=0)

    assert told == ["succeeded"] * 4
    assert Outbox.objects.filter(kind="mail.order_paid").count() == 1
    assert not Refund.objects.exists()


def test_money_that_came_too_late_goes_back_once_whoever_hears_of_it(
    pending_order, held, viewer, drop_on_sale, hold_units, crowd, now
):
    payment, later = late_money(pending_order, held, now)
    for buyer in Visitor.objects.filter(pk__in=crowd(5)):
        # Others have all ten by now.
        hold_units(buyer, drop=drop_on_sale)
    minutes = (later - now).total_seconds() / 60

    race("payers.settle_together", processes=4, payment=payment.pk, minutes=0)
    race("payers.send_together", processes=4, minutes=minutes)

    refund = Refund.objects.get()
    pending_order.refresh_from_db()
    assert (refund.state, pending_order.state) == (Refund.State.SUCCEEDED, Order.State.REFUNDED)
    assert PracticeIntent.objects.get(ref=payment.provider_ref).refunded_minor == pending_order.total_minor
    assert Outbox.objects.filter(attempts__gt=1).count() == 0


def test_without_the_lease_an_outbox_does_everything_several_times(pending_order, now):
    """The control: every worker believes that the row is its own."""
    pay(pending_order, now)

    done = race("payers.send_together", processes=4, minutes=0, without="lease")

    assert sum(done) > 1


def test_an_outbox_with_four_workers_sends_one_letter(pending_order, now):
    pay(pending_order, now)

    done = race("payers.send_together", processes=4, minutes=0)

    assert sum(done) == 1
