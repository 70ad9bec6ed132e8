"""Races for codes: several processes meet at the last use of one. The controls are in `test_postgres_code_races`."""

from datetime import timedelta

import pytest

from checkout.audit import breaches
from checkout.models import Code, CodeUse, Hold, Order, Payment, PracticeIntent, Refund
from livecommerce.accounts.models import Visitor
from livecommerce.clock import database_now
from tests.checkout.races import race
from tests.checkout.test_refunds import late_money

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def now():
    """Races run on the real clock."""
    return database_now()


def uses_of(code: Code) -> tuple[int, list[str]]:
    code.refresh_from_db()
    return code.taken, sorted(code.code_uses.values_list("state", flat=True))


@pytest.fixture
def last_use(table4: Code) -> Code:
    """A code that one order may have."""
    Code.objects.update(uses=1)
    return table4


@pytest.fixture
def unpaid(last_use, variant, hold_units, order_units, crowd):
    """An order that has the last use."""
    buyer = Visitor.objects.get(pk=crowd(1)[0])
    return order_units(buyer, hold_units(buyer, variant=variant, quantity=1), codes=["TABLE4"])


@pytest.fixture
def overdue(unpaid, now):
    """The same, when its hold and its time to pay are over."""
    Hold.objects.update(expires_at=now - timedelta(seconds=1))
    Payment.objects.update(deadline_at=now - timedelta(seconds=1))
    return unpaid


def test_the_last_use_of_a_code_goes_to_one_order(last_use, variant, crowd):
    told = race("bargainers.order_at_once", processes=4, variant=variant.pk, buyers=crowd(4))

    assert sorted(told) == ["code.used_up"] * 3 + ["ordered"]
    assert uses_of(last_use) == (1, ["reserved"])


def test_one_buyer_in_two_tabs_uses_a_code_once(table4, variant, crowd):
    (buyer,) = crowd(1)

    told = race("bargainers.order_at_once", processes=2, variant=variant.pk, buyers=[buyer] * 2)

    assert sorted(told) == ["code.used_by_you", "ordered"]
    assert uses_of(table4) == (1, ["reserved"])


def test_a_hold_that_ran_out_frees_the_code_for_one_of_those_who_wait(overdue, last_use, variant, crowd):
    told = race("bargainers.sweep_while_others_want_it", processes=4, variant=variant.pk, buyers=crowd(4))

    overdue.refresh_from_db()
    assert overdue.state == Order.State.CANCELLED
    assert sum(one["ordered"] for one in told) == 1
    assert uses_of(last_use) == (1, ["freed", "reserved"])


@pytest.fixture
def settle_while_others_order(unpaid, variant, crowd, now):
    """`settle_while_others_order()`: late money for the unpaid order comes while two others want its code."""

    def go(**guards: str) -> list[str]:
        payment, later = late_money(unpaid, Hold.objects.get(), now)
        minutes = (later - now).total_seconds() / 60
        late = {"payment": payment.pk, "minutes": minutes, "variant": variant.pk, "buyers": crowd(4)}
        told = race("bargainers.settle_while_others_order", processes=4, **late, **guards)
        unpaid.refresh_from_db()
        return told

    return go


def test_late_money_and_a_new_order_never_have_the_same_use(unpaid, last_use, settle_while_others_order):
    told = settle_while_others_order()

    won = told.count("ordered")
    assert won == (0 if unpaid.state == Order.State.PAID else 1)
    assert Refund.objects.filter(reason="came_too_late").count() == won
    assert uses_of(last_use) == (1, ["freed", "reserved"] if won else ["spent"])
    assert PracticeIntent.objects.filter(state="succeeded").count() == 1


def test_nobody_is_charged_another_amount_than_they_saw_while_the_code_is_edited(table4, variant, crowd):
    told = race("bargainers.order_while_the_code_moves", processes=4, variant=variant.pk, buyers=crowd(30), looks=True)

    bought = [one for each in told for one in each]
    assert len(bought) == CodeUse.objects.filter(state="spent").count() == 30
    assert all(one["seen"] == one["charged"] == one["order"] for one in bought)
    # What it takes off did move under somebody's thumb.
    assert sum(one["moved"] for one in bought) > 0
    assert list(breaches()) == []
