"""Races for units: several processes meet at one row. Each guard has a control that shows what happens without it."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError

from catalog.models import Stock
from checkout.audit import breaches
from checkout.granting import decide_holds
from checkout.holds import place_hold
from checkout.models import BuyerQuota, Hold
from checkout.shelf import HoldRequest, SoldOut
from livecommerce.clock import database_now
from tests.checkout.races import forget, race, without_constraint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def now():
    """Races run on the real clock."""
    return database_now()


@pytest.mark.parametrize("ways", [("one by one",), ("batch",), ("one by one", "batch")])
def test_the_last_unit_goes_to_one_of_two_hundred(drop_of, crowd, ways):
    drop = drop_of(1)
    shares = [crowd(50) for _ in range(4)]

    told = race("tap_mixed", processes=4, drop=drop.pk, shares=shares, ways=list(ways))

    assert sum(one["won"] for one in told) == 1, told
    assert {code for one in told for code in one["refused"]} == {"drop.sold_out"}
    assert Stock.objects.get(drop_item__drop=drop).taken == 1


@pytest.mark.parametrize("way", ["one by one", "batch"])
def test_four_processes_sell_exactly_what_is_there(drop_of, crowd, way):
    drop = drop_of(37)

    told = race("tap_mixed", processes=4, drop=drop.pk, shares=[crowd(50) for _ in range(4)], ways=[way])

    assert sum(one["won"] for one in told) == 37
    assert Hold.objects.filter(drop=drop).count() == 37


def test_without_lock_and_ledger_units_are_doubled(drop_of, crowd):
    """The control of the two above: the same race with the guards of the row left out."""
    drop = drop_of(37)
    shares = [crowd(12) for _ in range(4)]

    race(
        "tap_mixed", processes=4, drop=drop.pk, shares=shares, ways=["batch"], without="lock and only writer and ledger"
    )

    assert any(sentence.startswith("holds: taken is") for sentence in breaches())
    forget()


def test_without_the_lock_the_numbers_of_the_ledger_still_keep_it_right(drop_of, crowd):
    drop = drop_of(37)
    shares = [crowd(12) for _ in range(4)]

    told = race("tap_mixed", processes=4, drop=drop.pk, shares=shares, ways=["batch"], without="lock")

    assert sum(one["won"] for one in told) <= 37
    assert list(breaches()) == []


def test_one_key_makes_one_hold(drop_of, crowd):
    drop = drop_of(20)
    (buyer,) = crowd(1)

    told = race("tap_with_one_key", processes=4, drop=drop.pk, buyer=buyer, times=13, keys="one")

    assert {answer for one in told for answer in one} == {Hold.objects.get().pk}


def test_many_keys_do_not_lift_the_limit(drop_of, crowd):
    drop = drop_of(20)
    (buyer,) = crowd(1)

    told = race("tap_with_one_key", processes=4, drop=drop.pk, buyer=buyer, times=13, keys="many")

    answers = [answer for one in told for answer in one]
    assert sum(isinstance(answer, int) for answer in answers) == 2
    assert {answer for answer in answers if isinstance(answer, str)} == {"drop.limit"}


def test_without_the_key_one_tap_holds_many_times(drop_of, crowd):
    """The control of the key: nobody looks for it and the database takes it twice."""
    with without_constraint(Hold, "hold_key_once"):
        drop = drop_of(60, per_buyer=60)
        (buyer,) = crowd(1)

        race(
            "tap_with_one_key",
            processes=4,
            drop=drop.pk,
            buyer=buyer,
            times=13,
            keys="one",
            without="known keys",
        )

        assert Hold.objects.count() == 52


def test_without_the_limit_one_buyer_has_them_all(drop_of, crowd):
    """The control of the limit: nobody counts and the database has no CHECK."""
    with without_constraint(BuyerQuota, "quota_never_exceeded"):
        drop = drop_of(20)
        (buyer,) = crowd(1)

        race("tap_with_one_key", processes=4, drop=drop.pk, buyer=buyer, times=13, keys="many", without="limit")

        assert Hold.objects.filter(buyer=buyer).count() == 20


def test_the_database_alone_keeps_the_limit(drop_of, crowd):
    drop = drop_of(20)
    (buyer,) = crowd(1)

    race("tap_with_one_key", processes=4, drop=drop.pk, buyer=buyer, times=13, keys="many", without="limit")

    assert Hold.objects.filter(buyer=buyer).count() == 2


def test_two_carts_that_want_the_same_two_things_never_stop_each_other(product, crowd, now):
    variants = [variant.pk for variant in product.variants.order_by("pk")]

    told = race("hold_and_let_go", processes=4, variants=variants, buyers=crowd(80), rounds=20)

    assert told == [20] * 4
    assert sum(Stock.objects.values_list("taken", flat=True)) == 0


def test_two_lines_of_one_product_share_its_last_unit(drop_of, crowd, now):
    drop = drop_of(1)
    (buyer,) = crowd(1)
    requests = [HoldRequest(buyer_id=UUID(buyer), variant_id=None, quantity=1, key=key, at=now) for key in "ab"]

    answers = decide_holds(("drop", drop.pk), requests)

    assert [isinstance(answer, Exception) for answer in answers] == [False, True]


def test_without_counting_what_was_granted_the_last_unit_is_held_twice(drop_of, crowd):
    """The control: the sum of a batch is compared by nobody, and the database has no CHECK."""
    with without_constraint(Stock, "stock_never_oversold"):
        drop = drop_of(1)

        (told,) = race("tap", processes=1, drop=drop.pk, buyers=crowd(2), way="batch", without="what was granted")

        assert told["won"] == 2


def test_who_waited_for_the_row_sees_what_was_taken_meanwhile(drop_of, crowd):
    told = race("hold_the_lock", processes=2, drop=drop_of(1).pk, buyers=crowd(2))

    assert [one["won"] for one in told] == [True, False]


def test_without_the_lock_who_waited_takes_what_is_gone(drop_of, crowd):
    """The control: the figures that were read before the wait are believed after it."""
    told = race(
        "hold_the_lock", processes=2, drop=drop_of(1).pk, buyers=crowd(2), without="lock and only writer and ledger"
    )

    assert [one["won"] for one in told] == [True, True]
    forget()


def test_everything_at_once_keeps_the_books(drop_of, crowd):
    drop = drop_of(5)

    told = race("churn", processes=3, drop=drop.pk, buyers=crowd(25), seconds=4)

    # Five units went through many hands, and not everybody who wanted one got it.
    assert sum(one["held"] for one in told) > 5
    assert sum(one["refused"] for one in told) > 5
    assert list(breaches()) == []


def test_stock_is_never_counted_below_what_is_held(product, crowd, now):
    variant = product.variants.first()

    held, lowered = race("lower_stock", processes=2, variant=variant.pk, buyers=crowd(60), rounds=60)

    row = Stock.objects.shop().get(variant=variant)
    assert held["moved"] == row.taken >= 10
    assert row.taken <= row.on_hand <= 60
    # Ten were held before it began: who counts down to one is stopped at some point, whoever was faster.
    assert lowered["stock.below_taken"] >= 9
    assert lowered["moved"] + lowered["stock.below_taken"] == 60
    assert held["moved"] + held["drop.sold_out"] == 60


def test_the_database_alone_keeps_stock_above_what_is_held(product, crowd, now):
    variant = product.variants.first()
    place_hold(buyer_id=UUID(*crowd(1)), variant_id=variant.pk, quantity=3, key="k", now=now)

    with pytest.raises(IntegrityError):
        Stock.objects.shop().filter(variant=variant).update(on_hand=2)


def test_without_both_stock_falls_below_what_is_held(product, crowd, now):
    """The control: nobody compares, and the database has no CHECK."""
    with without_constraint(Stock, "stock_never_oversold"):
        variant = product.variants.first()

        race("lower_stock", processes=2, variant=variant.pk, buyers=crowd(60), rounds=60, without="below taken")

        assert any(sentence.startswith("stock: no unit is taken that is not there") for sentence in breaches())


def test_a_batch_that_dies_before_its_commit_has_promised_nothing(drop_of, crowd):
    drop = drop_of(10)

    race("misfortunes.crash", processes=1, drop=drop.pk, buyers=crowd(5), when="before commit")

    assert Hold.objects.count() == 0
    assert Stock.objects.get(drop_item__drop=drop).taken == 0


def test_who_was_not_answered_asks_again_and_hears_yes(drop_of, crowd, now):
    drop = drop_of(10)
    buyers = crowd(5)

    race("misfortunes.crash", processes=1, drop=drop.pk, buyers=buyers, when="after commit")

    again = [place_hold(buyer_id=UUID(buyer), drop_id=drop.pk, quantity=1, key="k", now=now) for buyer in buyers]
    assert sorted(answer.hold_id for answer in again) == sorted(Hold.objects.values_list("pk", flat=True))
    assert Hold.objects.count() == 5


def test_an_answer_before_the_commit_would_be_a_broken_promise(drop_of, crowd):
    """The control of both: who answers first and dies then has promised what nobody has."""
    (promised,) = race(
        "misfortunes.crash", processes=1, drop=drop_of(10).pk, buyers=crowd(5), when="after a hasty answer"
    )

    assert len(promised) == 5
    assert Hold.objects.count() == 0


def test_an_empty_shelf_lets_in_whoever_could_win(drop_of, crowd, now):
    drop = drop_of(1)
    first, second = map(UUID, crowd(2))
    held = place_hold(buyer_id=first, drop_id=drop.pk, quantity=1, key="k", now=now)
    for _ in range(2):
        # The second one is turned away without a lock.
        with pytest.raises(SoldOut):
            place_hold(buyer_id=second, drop_id=drop.pk, quantity=1, key=uuid4().hex, now=now)
    Hold.objects.filter(pk=held.hold_id).update(expires_at=now - timedelta(seconds=1))

    answer = place_hold(buyer_id=second, drop_id=drop.pk, quantity=1, key=uuid4().hex, now=now)

    assert answer.hold_id != held.hold_id


def test_a_hold_that_runs_out_in_a_rush_goes_to_one_of_those_who_tap(drop_of, crowd, now):
    drop = drop_of(1)
    first, *others = crowd(5)
    held = place_hold(buyer_id=UUID(first), drop_id=drop.pk, quantity=1, key="k", now=now)
    Hold.objects.filter(pk=held.hold_id).update(expires_at=now + timedelta(seconds=8))

    told = race("tap_until_it_is_back", processes=4, drop=drop.pk, buyers=others, seconds=12)

    assert sum(one["held"] for one in told) == 1
    assert all(one["refused"] > 5 for one in told)


def test_a_shelf_that_is_believed_empty_for_ever_sells_nothing_more(drop_of, crowd, now):
    """The control: who turns people away does not look for holds that ran out."""
    drop = drop_of(1)
    first, *others = crowd(5)
    held = place_hold(buyer_id=UUID(first), drop_id=drop.pk, quantity=1, key="k", now=now)
    Hold.objects.filter(pk=held.hold_id).update(expires_at=now + timedelta(seconds=4))

    told = race(
        "tap_until_it_is_back", processes=4, drop=drop.pk, buyers=others, seconds=8, without="look at what ran out"
    )

    assert sum(one["held"] for one in told) == 0
