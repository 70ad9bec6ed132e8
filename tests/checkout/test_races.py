"""Races for units: several processes meet at one row. Each guard has a control that shows what happens without it."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection

from catalog.models import Stock
from checkout.audit import breaches
from checkout.granting import decide_holds
from checkout.holds import place_hold
from checkout.models import Hold
from checkout.shelf import HoldRequest
from livecommerce.accounts.models import Visitor
from livecommerce.clock import database_now
from livecommerce.money import Money
from streams.drops import announce_drop
from tests.checkout.races import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def now():
    """Races run on the real clock."""
    return database_now()


@pytest.fixture
def crowd(db):
    def make(count: int) -> list[str]:
        return [str(visitor.pk) for visitor in Visitor.objects.bulk_create(Visitor() for _ in range(count))]

    return make


@pytest.fixture
def drop_of(live_show, variant, host, now):
    def start(units: int, **terms):
        return announce_drop(
            **{
                "show": live_show,
                "items": [(variant, units)],
                "price": Money(2100, "EUR"),
                "per_buyer": 2,
                "opens_in": 0,
                "window": 600,
                "actor": host.user,
                "now": now - timedelta(seconds=30),
            }
            | terms
        )

    return start


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
    """The control of the two above: the same race with both guards of the row left out.

    On SQLite a third guard stays, which no code of ours could leave out: one writer at a time, from BEGIN on.
    """
    drop = drop_of(37)
    shares = [crowd(12) for _ in range(4)]

    race("tap_mixed", processes=4, drop=drop.pk, shares=shares, ways=["batch"], without="lock and ledger")

    doubled = any(sentence.startswith("holds: taken is") for sentence in breaches())
    assert doubled == (connection.vendor == "postgresql")
    _forget()


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


def test_who_waited_for_the_row_sees_what_was_taken_meanwhile(drop_of, crowd):
    drop = drop_of(1)
    stock = Stock.objects.get(drop_item__drop=drop)

    told = race("hold_the_lock", processes=2, stock=stock.pk, drop=drop.pk, buyers=crowd(2), seconds=1.5)

    assert [one["won"] for one in told] == [True, False]


def test_everything_at_once_keeps_the_books(drop_of, crowd):
    drop = drop_of(5)

    told = race("churn", processes=3, drop=drop.pk, buyers=crowd(25), seconds=4)

    assert sum(one["held"] for one in told) > 0
    assert list(breaches()) == []


def test_stock_is_never_counted_below_what_is_held(product, crowd, now):
    variant = product.variants.first()

    held, lowered = race("lower_stock", processes=2, variant=variant.pk, buyers=crowd(100), rounds=60)

    row = Stock.objects.shop().get(variant=variant)
    assert row.taken == held["held"]
    assert row.taken <= row.on_hand
    assert held["refused"] + lowered["refused"] > 0


def test_a_batch_that_dies_before_its_commit_has_promised_nothing(drop_of, crowd):
    drop = drop_of(10)

    race("crash", processes=1, drop=drop.pk, buyers=crowd(5), when="before commit")

    assert Hold.objects.count() == 0
    assert Stock.objects.get(drop_item__drop=drop).taken == 0


def test_who_was_not_answered_asks_again_and_hears_yes(drop_of, crowd, now):
    drop = drop_of(10)
    buyers = crowd(5)

    race("crash", processes=1, drop=drop.pk, buyers=buyers, when="after commit")

    again = [place_hold(buyer_id=UUID(buyer), drop_id=drop.pk, quantity=1, key="k", now=now) for buyer in buyers]
    assert sorted(answer.hold_id for answer in again) == sorted(Hold.objects.values_list("pk", flat=True))
    assert Hold.objects.count() == 5


def test_an_empty_shelf_lets_in_whoever_could_win(drop_of, crowd, now):
    drop = drop_of(1)
    first, second = map(UUID, crowd(2))
    held = place_hold(buyer_id=first, drop_id=drop.pk, quantity=1, key="k", now=now)
    Hold.objects.filter(pk=held.hold_id).update(expires_at=now - timedelta(seconds=1))

    answer = place_hold(buyer_id=second, drop_id=drop.pk, quantity=1, key=uuid4().hex, now=now)

    assert answer.hold_id != held.hold_id


def _forget() -> None:
    """Take away what a control broke on purpose, so that the books of the test end in balance."""
    from django.core.management import call_command

    call_command("flush", verbosity=0, interactive=False)
