"""Payments: whatever the bank says, by whichever way and however often, money moves once and goods follow it."""

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from django.core import mail
from django.db import connection

from checkout import outbox
from checkout.attempts import announce, handing
from checkout.gateways import gateway
from checkout.gateways.base import CardRefused
from checkout.gateways.practice import (
    ANSWERS_LATE,
    ANSWERS_TWICE,
    ASKS_FOR_3DS,
    DECLINED,
    NEVER_ANSWERS,
)
from checkout.holds import HoldOver, expire_overdue_holds, extend_hold, pause_holds
from checkout.models import Hold, Order, Outbox, Payment, PracticeIntent, Refund
from checkout.orders import cancel_unpayable_orders
from checkout.outbox import Letter, run_outbox, send_all_later
from checkout.payments import (
    MOST_TRIES,
    NothingToAnswer,
    OrderClosed,
    TooManyTries,
    answer_check,
    give_up_overdue_payments,
    refresh_payment,
    settle_notices,
    settle_payment,
    start_payment,
)
from checkout.sales import sales_of
from checkout.tasks import DEEDS
from livecommerce.accounts.models import Visitor
from livecommerce.money import Money
from livecommerce.realtime import roads
from livecommerce.realtime.news import RoomNews
from streams.models import Drop, Show
from tests.checkout.conftest import HoldUnits, OrderUnits, bank_says, pay

State = Payment.State


def test_a_paid_order_is_the_buyers(pending_order: Order, held: Hold, now: datetime) -> None:
    payment = pay(pending_order, now)

    pending_order.refresh_from_db()
    held.refresh_from_db()
    assert payment.state == State.SUCCEEDED
    assert (pending_order.state, pending_order.paid_at) == (Order.State.PAID, now)
    assert held.state == Hold.State.COMMITTED
    assert (payment.card_last4, payment.card_brand) == ("4242", "Visa")


def test_the_confirmation_is_mailed_once_with_the_signed_link(pending_order: Order, now: datetime) -> None:
    pay(pending_order, now)

    assert run_outbox(deeds=DEEDS, now=now) == 1
    assert run_outbox(deeds=DEEDS, now=now + timedelta(hours=2)) == 0
    [letter] = mail.outbox
    assert letter.to == [pending_order.email]
    assert "EUR\u00a046.90" in letter.body
    assert f"/orders/{pending_order.code}/?token=" in letter.body


def test_settling_twice_changes_nothing(pending_order: Order, now: datetime) -> None:
    payment = pay(pending_order, now)

    settle_payment(payment_id=payment.pk, reading=bank_says(payment, "succeeded"), now=now + timedelta(hours=1))
    settle_payment(payment_id=payment.pk, reading=bank_says(payment, "processing"), now=now + timedelta(hours=1))

    pending_order.refresh_from_db()
    assert (pending_order.state, pending_order.paid_at) == (Order.State.PAID, now)
    assert Outbox.objects.count() == 1


def test_a_paid_order_is_told_to_its_buyer_and_to_the_studio_and_to_nobody_else(
    pending_order: Order,
    viewer: Visitor,
    live_show: Show,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[object]]],
) -> None:
    to_viewers: list[tuple[UUID, bytes]] = []
    to_rooms: list[RoomNews] = []
    monkeypatch.setattr(roads, "to_viewer", lambda visitor, news: to_viewers.append((visitor, news)))
    monkeypatch.setattr(roads, "to_viewers", to_viewers.extend)
    monkeypatch.setattr(roads, "to_room", to_rooms.append)

    with django_capture_on_commit_callbacks(execute=True):
        pay(pending_order, now)

    told = [(visitor, json.loads(news)) for visitor, news in to_viewers]
    paid = [news for visitor, news in told if visitor == viewer.pk and news["type"] == "order.paid"]
    assert [news["order"] for news in paid] == [pending_order.code]
    assert {visitor for visitor, _ in told} == {viewer.pk}
    ticks = [json.loads(tick) for news in to_rooms for tick in news.studio or ()]
    assert [(tick["kind"], tick["amount"]["amount"]) for tick in ticks if tick["kind"] == "paid"] == [("paid", 4690)]
    assert all(pending_order.code not in str(news.events) for news in to_rooms)


def test_a_declined_card_leaves_the_hold_to_its_end_and_the_next_may_pay(
    pending_order: Order, held: Hold, now: datetime
) -> None:
    end = held.expires_at
    declined = pay(pending_order, now, DECLINED)
    held.refresh_from_db()
    assert (declined.state, declined.failure_code) == (State.FAILED, "card_declined")
    assert (held.state, held.expires_at) == (Hold.State.HELD, end)

    second = pay(pending_order, now)

    assert (second.n, second.state) == (2, State.SUCCEEDED)
    assert PracticeIntent.objects.filter(state="succeeded").count() == 1


def test_a_second_tap_joins_the_first(pending_order: Order, now: datetime) -> None:
    first = pay(pending_order, now)

    assert pay(pending_order, now) == first
    assert pending_order.payments.count() == 1


def test_a_tap_while_the_bank_thinks_does_not_ask_again(pending_order: Order, now: datetime) -> None:
    first = pay(pending_order, now, NEVER_ANSWERS)

    assert pay(pending_order, now) == first
    assert PracticeIntent.objects.count() == 1


def test_a_card_that_cannot_be_right_asks_no_bank_and_frees_the_hold(
    pending_order: Order, viewer: Visitor, held: Hold, now: datetime
) -> None:
    with pytest.raises(CardRefused):
        pay(pending_order, now, "4242424242424241")

    assert not PracticeIntent.objects.exists()
    assert extend_hold(hold_id=held.pk, buyer_id=viewer.pk, now=now).state == Hold.State.HELD
    assert pay(pending_order, now).state == State.SUCCEEDED


def test_nobody_tries_a_list_of_cards(pending_order: Order, now: datetime) -> None:
    for _ in range(MOST_TRIES):
        pay(pending_order, now, DECLINED)

    with pytest.raises(TooManyTries):
        pay(pending_order, now)


def test_a_bank_that_asks_waits_for_the_buyer(pending_order: Order, held: Hold, now: datetime) -> None:
    asked = pay(pending_order, now, ASKS_FOR_3DS)
    held.refresh_from_db()
    assert (asked.state, held.state) == (State.REQUIRES_ACTION, Hold.State.PAYING)

    answered = answer_check(order_id=pending_order.pk, agreed=True, now=now + timedelta(minutes=6))

    pending_order.refresh_from_db()
    assert answered.state == State.SUCCEEDED
    assert pending_order.state == Order.State.PAID


def test_a_buyer_who_refuses_the_check_keeps_the_hold(pending_order: Order, held: Hold, now: datetime) -> None:
    pay(pending_order, now, ASKS_FOR_3DS)

    refused = answer_check(order_id=pending_order.pk, agreed=False, now=now)

    held.refresh_from_db()
    assert (refused.state, refused.failure_code) == (State.FAILED, "check_refused")
    assert held.state == Hold.State.HELD
    assert answer_check(order_id=pending_order.pk, agreed=True, now=now) == refused


def test_an_answer_that_nobody_asked_for_is_refused(pending_order: Order, now: datetime) -> None:
    with pytest.raises(NothingToAnswer):
        answer_check(order_id=pending_order.pk, agreed=True, now=now)


def test_a_late_answer_is_heard(pending_order: Order, held: Hold, now: datetime) -> None:
    assert pay(pending_order, now, ANSWERS_LATE).state == State.PROCESSING
    assert settle_notices(now=now) == 0
    PracticeIntent.objects.update(answers_at=now - timedelta(seconds=1))

    assert settle_notices(now=now) == 1

    pending_order.refresh_from_db()
    assert pending_order.state == Order.State.PAID


def test_the_buyers_own_return_hears_a_late_answer_too(pending_order: Order, now: datetime) -> None:
    payment = pay(pending_order, now, ANSWERS_LATE)
    PracticeIntent.objects.update(answers_at=now - timedelta(seconds=1))

    assert refresh_payment(payment=payment, now=now).state == State.SUCCEEDED


def test_an_answer_that_comes_twice_counts_once(pending_order: Order, now: datetime) -> None:
    pay(pending_order, now, ANSWERS_TWICE)

    assert settle_notices(now=now) == 2
    assert settle_notices(now=now) == 0
    assert Outbox.objects.filter(kind="mail.order_paid").count() == 1
    assert not Refund.objects.exists()


def test_a_bank_that_never_answers_is_given_up_and_the_hold_goes_its_way(
    pending_order: Order, held: Hold, now: datetime
) -> None:
    payment = pay(pending_order, now, NEVER_ANSWERS)
    assert give_up_overdue_payments(now=now + timedelta(minutes=9)) == 0
    later = now + timedelta(minutes=11)

    assert give_up_overdue_payments(now=later) == 1
    expire_overdue_holds(now=later)

    payment.refresh_from_db()
    held.refresh_from_db()
    assert (payment.state, held.state) == (State.CANCELLED, Hold.State.EXPIRED)
    assert cancel_unpayable_orders(now=later) == 1


def test_no_sweeper_ends_a_hold_while_a_bank_decides(pending_order: Order, held: Hold, now: datetime) -> None:
    pay(pending_order, now, NEVER_ANSWERS)

    expire_overdue_holds(now=now + timedelta(hours=1))

    held.refresh_from_db()
    assert held.state == Hold.State.PAYING


def test_what_is_held_stays_payable_while_the_clocks_of_a_show_stand(
    viewer: Visitor, held: Hold, live_show: Show, order_units: OrderUnits, now: datetime
) -> None:
    pause_holds(show=live_show, now=now)
    order = order_units(viewer, held)

    assert pay(order, held.expires_at + timedelta(hours=1)).state == State.SUCCEEDED


def test_an_order_that_nobody_pays_gives_its_hold_back(pending_order: Order, held: Hold, now: datetime) -> None:
    later = held.expires_at + timedelta(seconds=1)

    with pytest.raises(HoldOver):
        pay(pending_order, later)
    give_up_overdue_payments(now=later)
    expire_overdue_holds(now=later)
    cancel_unpayable_orders(now=later)

    held.refresh_from_db()
    assert held.state == Hold.State.EXPIRED
    with pytest.raises(OrderClosed):
        pay(pending_order, later)


def test_a_failed_deed_of_the_outbox_waits_and_is_done_later(pending_order: Order, now: datetime) -> None:
    pay(pending_order, now)

    def broken(payload: dict[str, object], at: datetime) -> None:
        raise ConnectionError

    assert run_outbox(deeds={"mail.order_paid": broken}, now=now) == 0
    row = Outbox.objects.get()
    assert (row.done_at, row.last_error) == (None, "ConnectionError")
    assert run_outbox(deeds=DEEDS, now=now) == 0
    assert run_outbox(deeds=DEEDS, now=now + timedelta(minutes=1)) == 1


def test_a_slow_mail_server_is_no_reason_to_send_a_letter_twice(
    db: None, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_all_later([Letter("slow", f"slow:{number}", {}) for number in range(3)], now)
    monkeypatch.setattr(outbox, "LEASE", timedelta(milliseconds=2))

    assert run_outbox(deeds={"slow": lambda payload, at: time.sleep(0.005)}, now=now) == 1

    waiting = Outbox.objects.filter(done_at=None)
    assert [(row.run_after, row.attempts) for row in waiting] == [(now, 0)] * 2


def test_of_a_double_tap_in_one_round_one_asks_the_bank(pending_order: Order, now: datetime) -> None:
    attempt = pending_order.payments.get()

    assert handing._decide("payments", [(attempt.pk, now), (attempt.pk, now)]) == [True, False]
    assert handing._decide("payments", [(attempt.pk, now)]) == [False]


def test_the_figures_of_a_show_count_what_is_paid_and_nothing_else(
    pending_order: Order, viewer: Visitor, drop_on_sale: Drop, live_show: Show, now: datetime
) -> None:
    assert sales_of(live_show, now).orders == 0
    pay(pending_order, now)

    sales = sales_of(live_show, now)

    assert (sales.paid, sales.orders, sales.per_order) == (Money(4690, "EUR"), 1, Money(4690, "EUR"))
    assert sum(sales.per_minute) == 4690


@pytest.mark.django_db(transaction=True)
def test_four_answers_at_once_settle_one_payment(
    viewer: Visitor, drop_on_sale: Drop, hold_units: HoldUnits, order_units: OrderUnits, now: datetime
) -> None:
    order = order_units(viewer, hold_units(viewer, drop=drop_on_sale))
    payment = announce(start_payment(order_id=order.pk, now=now))
    PracticeIntent.objects.update(state="succeeded")
    barrier = Barrier(4)

    def answer() -> None:
        barrier.wait()
        settle_payment(payment_id=payment.pk, reading=gateway().read(ref=payment.provider_ref), now=now)
        connection.close()

    ways = [Thread(target=answer) for _ in range(4)]
    for way in ways:
        way.start()
    for way in ways:
        way.join()

    order.refresh_from_db()
    assert order.state == Order.State.PAID
    assert Outbox.objects.filter(kind="mail.order_paid").count() == 1
    assert not Refund.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_four_taps_at_once_charge_once(
    viewer: Visitor, drop_on_sale: Drop, hold_units: HoldUnits, order_units: OrderUnits, now: datetime
) -> None:
    order = order_units(viewer, hold_units(viewer, drop=drop_on_sale))
    barrier = Barrier(4)

    def tap() -> None:
        barrier.wait()
        pay(order, now)
        connection.close()

    taps = [Thread(target=tap) for _ in range(4)]
    for each in taps:
        each.start()
    for each in taps:
        each.join()

    order.refresh_from_db()
    assert order.state == Order.State.PAID
    assert PracticeIntent.objects.filter(state="succeeded").count() == 1
    assert order.payments.count() == 1
