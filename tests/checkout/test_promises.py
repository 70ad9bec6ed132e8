"""Any order of events keeps every promise: holds, queue, orders, codes, payments, pauses, audited after each step."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from catalog.models import Stock
from checkout.audit import breaches
from checkout.gateways.base import Reading
from checkout.granting import decide_holds
from checkout.holds import extend_hold, pause_holds, place_hold, release_hold, resume_holds
from checkout.models import Hold, Payment
from checkout.orders import cancel_unpayable_orders, place_order
from checkout.payments import give_up_overdue_payments, settle_payment
from checkout.queue import join_queue, leave_queue
from checkout.shelf import HoldRequest
from checkout.timekeeper import run_due
from livecommerce.accounts.visitors import mint_visitor
from livecommerce.errors import Refused
from livecommerce.money import Money
from streams import timekeeper as drops_timekeeper
from streams.drops import announce_drop, close_drop, pause_drops, resume_drops
from tests.checkout.conftest import ADDRESS, EMAIL, code_of

pytestmark = pytest.mark.django_db

BUYERS = 6
UNITS = 4

people = st.integers(0, BUYERS - 1)


class Promises(RuleBasedStateMachine):
    """Four cups, a code for two orders, six people, everything they can do, and time."""

    stage: dict

    def __init__(self):
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.now = self.stage["now"]
        self.show = self.stage["show"]
        self.drop = announce_drop(
            show=self.show, items=[(self.stage["variant"], UNITS)], price=Money(2100, "EUR"), per_buyer=2, opens_in=0,
            window=600, actor=None, now=self.now - timedelta(seconds=30), hold_seconds=60,
        )  # fmt: skip
        self.buyers = [mint_visitor(now=self.now)[0].pk for _ in range(BUYERS)]
        code_of(self.show.brand, self.now, uses=2)
        self.paused = False

    def teardown(self):
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    def attempt(self, verb, **arguments):
        """A refusal is an answer; it must have changed nothing, which the invariants see."""
        try:
            with transaction.atomic():
                return verb(**arguments)
        except Refused:
            return None

    def open_hold(self, person, **more):
        return Hold.objects.filter(buyer=self.buyers[person], **more).order_by("-pk").first()

    @rule(person=people, quantity=st.integers(1, 2))
    def tap(self, person, quantity):
        key = uuid4().hex
        arguments = {"buyer_id": self.buyers[person], "drop_id": self.drop.pk, "quantity": quantity, "now": self.now}
        first = self.attempt(place_hold, key=key, **arguments)
        if first:
            assert self.attempt(place_hold, key=key, **arguments) == first

    @rule(who=st.lists(people, min_size=2, max_size=8))
    def rush(self, who):
        requests = [
            HoldRequest(buyer_id=self.buyers[person], variant_id=None, quantity=1, key=uuid4().hex, at=self.now)
            for person in who
        ]
        decide_holds(("drop", self.drop.pk), requests, now=self.now)

    @rule(person=people)
    def let_go(self, person):
        hold = self.open_hold(person, state="held")
        if hold:
            self.attempt(release_hold, hold_id=hold.pk, buyer_id=hold.buyer_id, now=self.now)

    @rule(person=people)
    def make_longer(self, person):
        hold = self.open_hold(person, state="held")
        if hold:
            self.attempt(extend_hold, hold_id=hold.pk, buyer_id=hold.buyer_id, now=self.now)

    @rule(person=people)
    def queue_up(self, person):
        self.attempt(join_queue, drop_id=self.drop.pk, buyer_id=self.buyers[person], now=self.now)

    @rule(person=people)
    def leave_the_queue(self, person):
        self.attempt(leave_queue, drop_id=self.drop.pk, buyer_id=self.buyers[person], now=self.now)

    @rule(which=st.integers(0, BUYERS), codes=st.sampled_from([["TABLE4"], []]))
    @precondition(lambda self: Hold.objects.open().exists())
    def order(self, which, codes):
        """Also what is ordered already: with another price it becomes another order."""
        holds = list(Hold.objects.open().order_by("pk"))
        hold = holds[which % len(holds)]
        self.attempt(
            place_order, buyer_id=hold.buyer_id, hold_ids=[hold.pk], email=EMAIL, address=ADDRESS, key=uuid4().hex,
            codes=codes, now=self.now,
        )  # fmt: skip

    @rule()
    @precondition(lambda self: Payment.objects.open().exists())
    def nobody_pays_for_a_while(self):
        self.now += timedelta(seconds=200)
        give_up_overdue_payments(now=self.now)
        run_due(now=self.now)
        cancel_unpayable_orders(now=self.now)

    @rule(state=st.sampled_from(["succeeded", "failed", "cancelled"]), first=st.booleans())
    def the_bank_answers(self, state, first):
        """Also late, and twice: an attempt that failed may still be said to have succeeded."""
        attempt = Payment.objects.order_by("pk" if first else "-pk").first()
        if attempt:
            reading = Reading(ref=attempt.provider_ref, state=state, amount=attempt.amount)
            self.attempt(settle_payment, payment_id=attempt.pk, reading=reading, now=self.now)

    @rule(seconds=st.sampled_from([1, 20, 35, 61, 200]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule()
    def the_timekeeper_runs(self):
        drops_timekeeper.run_due(now=self.now)
        run_due(now=self.now)

    @rule()
    @precondition(lambda self: not self.paused)
    def pause(self):
        pause_drops(show=self.show, now=self.now)
        pause_holds(show=self.show, now=self.now)
        self.paused = True

    @rule()
    @precondition(lambda self: self.paused)
    def go_on(self):
        resume_drops(show=self.show, now=self.now)
        resume_holds(show=self.show, now=self.now)
        self.paused = False

    @rule(sure=st.integers(0, 5))
    def close(self, sure):
        if sure == 5:
            close_drop(drop=self.drop, now=self.now)

    @invariant()
    def the_books_balance(self):
        assert list(breaches()) == []

    @invariant()
    def no_cup_is_lost(self):
        cups = Stock.objects.filter(variant=self.stage["variant"])
        assert sum(cups.values_list("on_hand", flat=True)) == self.stage["cups"]


def test_any_order_of_events_keeps_every_promise(live_show, variant, now):
    Promises.stage = {
        "now": now, "show": live_show, "variant": variant,
        "cups": sum(Stock.objects.filter(variant=variant).values_list("on_hand", flat=True)),
    }  # fmt: skip

    run_state_machine_as_test(
        Promises,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
