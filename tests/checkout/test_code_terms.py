"""The terms of a code: what it takes off, from which goods and when, and what staff may write."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from catalog.models import Brand, Variant
from checkout.codes import (
    CodeLeavesNothing,
    CodeNeedsMore,
    CodeNotFound,
    CodeNotYet,
    CodeOfAnotherShow,
    CodeOver,
    CodeUsedUp,
    SeveralCodes,
    UsesBelowTaken,
    write_code,
)
from checkout.models import Code, CodeUse, Hold, Order
from checkout.totals import shares_of
from livecommerce.accounts.models import Visitor
from streams.models import Show
from tests.checkout.conftest import HoldUnits, OrderUnits, code_of


@pytest.mark.parametrize("typed", ["TABLE4", "table4", "  Table4 "])
def test_a_code_is_found_however_it_is_typed(
    viewer: Visitor, held: Hold, table4: Code, order_units: OrderUnits, typed: str
) -> None:
    assert order_units(viewer, held, codes=[typed]).total_minor == 4290


@pytest.mark.parametrize(("share", "off"), [(1000, 420), (1, 1), (3333, 1400), (1250, 525), (10_000, 4200)], ids=str)
def test_a_share_is_rounded_half_up_and_never_more_than_the_goods(
    viewer: Visitor, held: Hold, brand: Brand, order_units: OrderUnits, now: datetime, share: int, off: int
) -> None:
    code_of(brand, now, amount_minor=None, percent_bp=share)

    order = order_units(viewer, held, codes=["TABLE4"])

    assert (order.discount_minor, order.total_minor) == (off, 4690 - off)


def test_a_code_never_pays_for_the_parcel(
    viewer: Visitor, held: Hold, brand: Brand, order_units: OrderUnits, now: datetime
) -> None:
    code_of(brand, now, amount_minor=9900)

    order = order_units(viewer, held, codes=["TABLE4"])

    assert (order.discount_minor, order.total_minor) == (4200, 490)


def test_a_code_that_leaves_nothing_to_pay_is_refused(
    viewer: Visitor, held: Hold, brand: Brand, order_units: OrderUnits, now: datetime
) -> None:
    Brand.objects.filter(pk=brand.pk).update(shipping_price_minor=0)
    code_of(brand, now, amount_minor=9900)

    with pytest.raises(CodeLeavesNothing):
        order_units(viewer, held, codes=["TABLE4"])


@pytest.mark.parametrize(
    ("discount", "lines", "shares"),
    [
        (400, [4200], [400]),
        (400, [2800, 1400], [267, 133]),
        (100, [1, 1, 1], [34, 33, 33]),
        (3, [1, 1, 1], [1, 1, 1]),
        (1, [5, 5], [1, 0]),
        (0, [5, 5], [0, 0]),
        (10, [0, 10], [0, 10]),
        (7, [1, 99], [0, 7]),
    ],
)
def test_each_line_has_its_share_in_whole_coins(discount: int, lines: list[int], shares: list[int]) -> None:
    assert shares_of(discount, lines) == shares


def test_shares_are_written_on_the_lines_and_add_up(
    viewer: Visitor, held: Hold, variant: Variant, table4: Code, hold_units: HoldUnits, order_units: OrderUnits
) -> None:
    order = order_units(viewer, held, hold_units(viewer, variant=variant, quantity=1), codes=["TABLE4"])

    paid = [line.total_minor - line.discount_minor for line in order.lines.order_by("pk")]
    assert paid == [4200 - 240, 2800 - 160]
    assert sum(paid) + order.shipping_minor == order.total_minor


@pytest.mark.parametrize(
    ("terms", "refusal", "words"),
    [
        ({"ends_at": timedelta(seconds=-1)}, CodeOver, "TABLE4 is over"),
        ({"is_active": False}, CodeOver, "TABLE4 is over"),
        ({"starts_at": timedelta(hours=1)}, CodeNotYet, "TABLE4 counts from"),
        ({"least_goods_minor": 5400}, CodeNeedsMore, "EUR\u00a012.00 more"),
        ({"uses": 0}, CodeUsedUp, "all 0 went"),
    ],
)
def test_a_code_that_does_not_count_says_why_and_nothing_is_written(
    viewer: Visitor, held: Hold, brand: Brand, order_units: OrderUnits, now: datetime, terms: dict, refusal, words: str
) -> None:
    code_of(brand, now, **{name: now + term if isinstance(term, timedelta) else term for name, term in terms.items()})

    with pytest.raises(refusal, match=words):
        order_units(viewer, held, codes=["TABLE4"])

    held.refresh_from_db()
    assert held.state == Hold.State.HELD
    assert not Order.objects.exists()
    assert not CodeUse.objects.exists()


def test_goods_that_cost_exactly_the_least_are_enough(
    viewer: Visitor, held: Hold, brand: Brand, order_units: OrderUnits, now: datetime
) -> None:
    code_of(brand, now, least_goods_minor=4200)

    assert order_units(viewer, held, codes=["TABLE4"]).discount_minor == 400


def test_a_code_counts_from_its_first_moment_to_its_last(
    viewer: Visitor, held: Hold, brand: Brand, order_units: OrderUnits, now: datetime
) -> None:
    code_of(brand, now, starts_at=now, ends_at=now + timedelta(microseconds=1))

    assert order_units(viewer, held, codes=["TABLE4"]).discount_minor == 400


@pytest.mark.parametrize("typed", ["TABLE5", "T4", "TABLE 4", "ÄTABLE4", "X" * 25, "%"])
def test_an_unknown_code_and_another_brands_are_not_found(
    viewer: Visitor, held: Hold, rival_brand: Brand, order_units: OrderUnits, now: datetime, typed: str
) -> None:
    code_of(rival_brand, now, text="TABLE5")

    with pytest.raises(CodeNotFound):
        order_units(viewer, held, codes=[typed])


def test_one_code_counts_for_one_order(viewer: Visitor, held: Hold, table4: Code, order_units: OrderUnits) -> None:
    with pytest.raises(SeveralCodes):
        order_units(viewer, held, codes=["TABLE4", "TABLE5"])

    assert order_units(viewer, held, codes=["TABLE4", "table4 ", ""]).discount_minor == 400


def test_a_shows_code_counts_for_what_was_held_there(
    viewer: Visitor, held: Hold, variant: Variant, live_show: Show, hold_units: HoldUnits, order_units: OrderUnits,
    brand: Brand, now: datetime,
) -> None:  # fmt: skip
    code_of(brand, now, show=live_show)
    elsewhere = hold_units(viewer, variant=variant, quantity=1)

    with pytest.raises(CodeOfAnotherShow, match="Winter table"):
        order_units(viewer, elsewhere, codes=["TABLE4"])
    assert order_units(viewer, held, elsewhere, codes=["TABLE4"]).discount_minor == 400


def test_a_code_is_written_without_touching_what_was_taken(
    viewer: Visitor, held: Hold, table4: Code, order_units: OrderUnits
) -> None:
    bargain = order_units(viewer, held, codes=["TABLE4"])
    stale = Code.objects.get(pk=table4.pk)
    stale.taken, stale.uses, stale.amount_minor = 0, 1, 500

    write_code(code=stale)

    table4.refresh_from_db()
    assert (table4.taken, table4.uses, table4.amount_minor) == (1, 1, 500)
    bargain.refresh_from_db()
    assert bargain.discount_minor == 400


def test_fewer_uses_than_taken_are_refused_in_words(
    viewer: Visitor, held: Hold, table4: Code, order_units: OrderUnits
) -> None:
    order_units(viewer, held, codes=["TABLE4"])
    table4.uses = 0

    with pytest.raises(UsesBelowTaken, match="1 orders have TABLE4 already"):
        write_code(code=table4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"taken": 101},
        {"amount_minor": None},
        {"percent_bp": 1000},
        {"amount_minor": 0},
        {"amount_minor": None, "percent_bp": 10_001},
        {"text": "table4"},
    ],
    ids=str,
)
def test_the_database_refuses_a_code_that_cannot_be(table4: Code, wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Code.objects.filter(pk=table4.pk).update(**wrong)
