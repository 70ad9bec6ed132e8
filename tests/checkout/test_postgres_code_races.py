"""The controls of the races for codes: each shows what happens without the guard. SQLite has one writer anyway."""

import pytest

from checkout.audit import breaches
from checkout.models import Code, CodeUse, Order
from tests.checkout.races import forget, race, without_constraint
from tests.checkout.test_code_races import last_use, now, overdue, settle_while_others_order, unpaid, uses_of

__all__ = ["last_use", "now", "overdue", "settle_while_others_order", "unpaid"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def test_without_the_lock_the_last_use_of_a_code_is_taken_by_all(last_use, variant, crowd):
    told = race("bargainers.order_at_once", processes=4, variant=variant.pk, buyers=crowd(4), without="code lock")

    assert told.count("ordered") > 1
    assert any(sentence.startswith("codes: taken is") for sentence in breaches())
    forget()


def test_without_the_lock_late_money_and_a_new_order_have_the_same_use(unpaid, settle_while_others_order):
    told = settle_while_others_order(without="code lock")

    assert told.count("ordered") + (unpaid.state == Order.State.PAID) > 1
    assert any(sentence.startswith("codes: taken is") for sentence in breaches())
    forget()


def test_without_looking_one_buyer_uses_a_code_in_every_tab(table4, variant, crowd):
    (buyer,) = crowd(1)
    with without_constraint(CodeUse, "code_use_once_a_buyer"):
        told = race(
            "bargainers.order_at_once",
            processes=2,
            variant=variant.pk,
            buyers=[buyer] * 2,
            without="one use each",
        )

        assert told == ["ordered"] * 2


def test_the_database_alone_keeps_one_use_for_each_buyer(table4, variant, crowd):
    (buyer,) = crowd(1)

    told = race("bargainers.order_at_once", processes=2, variant=variant.pk, buyers=[buyer] * 2, without="one use each")

    assert sorted(told) == ["ordered", "refused by the database"]
    assert uses_of(table4) == (1, ["reserved"])


def test_the_database_alone_keeps_the_number_of_uses(last_use, variant, crowd):
    told = race("bargainers.order_at_once", processes=4, variant=variant.pk, buyers=crowd(4), without="one use each")

    assert sorted(told) == ["ordered"] + ["refused by the database"] * 3
    assert uses_of(last_use) == (1, ["reserved"])


def test_without_counting_uses_a_code_is_overused(last_use, variant, crowd):
    """The control of the one above: nobody looks and the database has no CHECK."""
    with without_constraint(Code, "code_never_overused"):
        told = race(
            "bargainers.order_at_once", processes=4, variant=variant.pk, buyers=crowd(4), without="one use each"
        )

        assert told == ["ordered"] * 4


def test_a_code_that_is_not_given_back_is_lost_to_those_who_wait(overdue, last_use, variant, crowd):
    told = race(
        "bargainers.sweep_while_others_want_it",
        processes=4,
        variant=variant.pk,
        buyers=crowd(4),
        without="codes go back",
    )

    assert sum(one["closed"] for one in told) == 1
    assert sum(one["ordered"] for one in told) == 0
    assert any("is cancelled, its code is reserved" in sentence for sentence in breaches())
    forget()


def test_without_the_total_on_the_button_people_pay_what_they_did_not_see(table4, variant, crowd):
    told = race("bargainers.order_while_the_code_moves", processes=4, variant=variant.pk, buyers=crowd(30), looks=False)

    assert any(one["seen"] != one["charged"] for each in told for one in each)
