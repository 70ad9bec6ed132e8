"""Codes: an amount off the goods, for so many orders, once for each buyer; free again when an order ends unpaid."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from catalog.models import Brand, Variant
from checkout.audit import breaches
from checkout.codes import (
    CodeLeavesNothing,
    CodeNeedsMore,
    CodeNotFound,
    CodeNotYet,
    CodeOfAnotherShow,
    CodeOver,
    CodeUsedByYou,
    CodeUsedUp,
    SeveralCodes,
    UsesBelowTaken,
    write_code,
)
from checkout.gateways.practice import DECLINED, NEVER_ANSWERS
from checkout.holds import expire_overdue_holds, merge_holds, release_hold
from checkout.models import Code, CodeUse, Hold, Order, Payment
from checkout.orders import OrderKeyUsed, PaymentRuns, TotalMoved, cancel_unpayable_orders
from checkout.payments import give_up_overdue_payments
from checkout.totals import shares_of
from livecommerce.accounts.models import Visitor
from streams.models import Drop, Show
from tests.checkout.conftest import HoldUnits, OrderUnits, code_of, pay

State = CodeUse.State


@pytest.fixture
def bargain(viewer: Visitor, held: Hold, table4: Code, order_units: OrderUnits) -> Order:
    """Ana's two cups for EUR 42.00 with EUR 4.00 off and a parcel for EUR 4.90, not paid yet."""
    return order_units(viewer, held, codes=["TABLE4"])


def counts(code: Code) -> tuple[int, list[str]]:
    code.refresh_from_db()
    return code.taken, sorted(code.code_uses.values_list("state", flat=True))


def test_a_code_takes_its_amount_off_the_goods_and_vat_is_in_what_is_paid(bargain: Order, table4: Code) -> None:
    assert (bargain.goods_minor, bargain.shipping_minor, bargain.discount_minor) == (4200, 490, 400)
    assert (bargain.total_minor, bargain.vat_minor) == (4290, 685)
    assert bargain.payments.get().amount_minor == 4290
    assert counts(table4) == (1, [State.RESERVED])


def test_an_order_without_a_code_is_what_it_was(pending_order: Order, table4: Code) -> None:
    assert (pending_order.total_minor, pending_order.discount_minor) == (4690, 0)
    assert counts(table4) == (0, [])


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


def test_a_paid_order_has_spent_its_code(bargain: Order, table4: Code, now: datetime) -> None:
    payment = pay(bargain, now)

    assert (payment.state, payment.amount_minor) == (Payment.State.SUCCEEDED, 4290)
    assert counts(table4) == (1, [State.SPENT])
    assert CodeUse.objects.get().spent_at == now


def test_a_code_counts_once_for_each_buyer(
    viewer: Visitor,
    rival_viewer: Visitor,
    bargain: Order,
    variant: Variant,
    table4: Code,
    hold_units: HoldUnits,
    order_units: OrderUnits,
    now: datetime,
) -> None:
    more = hold_units(viewer, variant=variant, quantity=1)

    with pytest.raises(CodeUsedByYou, match=f"kept for your order {bargain.code}"):
        order_units(viewer, more, codes=["TABLE4"])
    pay(bargain, now)
    with pytest.raises(CodeUsedByYou, match=f"You have used TABLE4 with the order {bargain.code}"):
        order_units(viewer, more, codes=["TABLE4"])

    order_units(rival_viewer, hold_units(rival_viewer, variant=variant), household=2, codes=["TABLE4"])
    assert counts(table4) == (2, [State.RESERVED, State.SPENT])


def test_the_same_key_finds_the_same_order_with_its_code(
    viewer: Visitor, held: Hold, table4: Code, order_units: OrderUnits
) -> None:
    first = order_units(viewer, held, key="tap", codes=["TABLE4"])

    assert order_units(viewer, held, key="tap", codes=["table4"]) == first
    with pytest.raises(OrderKeyUsed):
        order_units(viewer, held, key="tap")
    assert counts(table4) == (1, [State.RESERVED])


def test_a_reload_finds_the_order_by_holds_and_code_also_when_the_code_is_used_up_or_over(
    viewer: Visitor, held: Hold, bargain: Order, table4: Code, order_units: OrderUnits, now: datetime
) -> None:
    Code.objects.update(uses=1, ends_at=now)

    assert order_units(viewer, held, codes=["TABLE4"], total_seen=4290, now=now + timedelta(minutes=1)) == bargain
    assert counts(table4) == (1, [State.RESERVED])


def test_without_its_code_the_same_holds_are_another_order_and_the_code_is_free_again(
    viewer: Visitor, held: Hold, bargain: Order, table4: Code, order_units: OrderUnits
) -> None:
    plain = order_units(viewer, held)

    assert (plain.total_minor, plain.discount_minor) == (4690, 0)
    bargain.refresh_from_db()
    assert bargain.state == Order.State.CANCELLED
    assert counts(table4) == (0, [State.FREED])


def test_with_a_code_the_same_holds_are_another_order(
    viewer: Visitor, held: Hold, pending_order: Order, table4: Code, order_units: OrderUnits
) -> None:
    bargain = order_units(viewer, held, codes=["TABLE4"])

    pending_order.refresh_from_db()
    assert (pending_order.state, bargain.total_minor) == (Order.State.CANCELLED, 4290)


def test_a_larger_bag_takes_its_code_along(
    viewer: Visitor, held: Hold, bargain: Order, variant: Variant, table4: Code, hold_units: HoldUnits,
    order_units: OrderUnits,
) -> None:  # fmt: skip
    Code.objects.update(uses=1)

    larger = order_units(viewer, held, hold_units(viewer, variant=variant, quantity=1), codes=["TABLE4"])

    assert larger.discount_minor == 400
    assert counts(table4) == (1, [State.FREED, State.RESERVED])


def test_another_code_is_taken_instead_of_the_first(
    viewer: Visitor, held: Hold, bargain: Order, table4: Code, brand: Brand, order_units: OrderUnits, now: datetime
) -> None:
    other = code_of(brand, now, text="AUTUMN-10", amount_minor=None, percent_bp=1000)

    assert order_units(viewer, held, codes=["autumn-10"]).discount_minor == 420

    assert counts(table4) == (0, [State.FREED])
    assert counts(other) == (1, [State.RESERVED])


def test_a_code_that_is_refused_leaves_the_earlier_order_as_it_was(
    viewer: Visitor, held: Hold, bargain: Order, table4: Code, brand: Brand, order_units: OrderUnits, now: datetime
) -> None:
    code_of(brand, now, text="GONE", uses=0)

    with pytest.raises(CodeUsedUp):
        order_units(viewer, held, codes=["GONE"])

    bargain.refresh_from_db()
    assert bargain.is_pending
    assert counts(table4) == (1, [State.RESERVED])


def test_while_a_bank_decides_the_code_cannot_be_changed(
    viewer: Visitor, held: Hold, bargain: Order, table4: Code, order_units: OrderUnits, now: datetime
) -> None:
    pay(bargain, now, NEVER_ANSWERS)

    with pytest.raises(PaymentRuns):
        order_units(viewer, held)

    assert counts(table4) == (1, [State.RESERVED])


def test_nobody_is_charged_another_amount_than_seen_when_the_code_was_changed(
    viewer: Visitor, held: Hold, bargain: Order, table4: Code, order_units: OrderUnits
) -> None:
    table4.refresh_from_db()
    table4.amount_minor = 300
    write_code(code=table4)

    with pytest.raises(TotalMoved, match=r"43\.90"):
        order_units(viewer, held, codes=["TABLE4"], total_seen=4290)

    assert counts(table4) == (1, [State.RESERVED])
    assert order_units(viewer, held, codes=["TABLE4"], total_seen=4390).discount_minor == 300
    assert counts(table4) == (1, [State.FREED, State.RESERVED])


def test_nobody_pays_the_full_price_because_a_code_ended_under_the_thumb(
    viewer: Visitor, held: Hold, brand: Brand, order_units: OrderUnits, now: datetime
) -> None:
    code_of(brand, now, ends_at=now + timedelta(seconds=10))

    with pytest.raises(CodeOver):
        order_units(viewer, held, codes=["TABLE4"], total_seen=4290, now=now + timedelta(seconds=11))

    assert not Order.objects.exists()


def test_a_declined_card_keeps_the_code_for_the_next_one(bargain: Order, table4: Code, now: datetime) -> None:
    pay(bargain, now, DECLINED)
    assert counts(table4) == (1, [State.RESERVED])

    pay(bargain, now)
    assert counts(table4) == (1, [State.SPENT])


def test_a_hold_that_runs_out_gives_the_code_back_by_itself(
    rival_viewer: Visitor, drop_on_sale: Drop, bargain: Order, held: Hold, table4: Code, hold_units: HoldUnits,
    order_units: OrderUnits, now: datetime,
) -> None:  # fmt: skip
    Code.objects.update(uses=1)
    later = held.expires_at + timedelta(minutes=1)

    give_up_overdue_payments(now=later)
    expire_overdue_holds(now=later)
    assert counts(table4) == (1, [State.RESERVED])
    cancel_unpayable_orders(now=later)

    assert counts(table4) == (0, [State.FREED])
    assert CodeUse.objects.get().freed_at == later
    other = hold_units(rival_viewer, drop=drop_on_sale)
    assert order_units(rival_viewer, other, codes=["TABLE4"], household=2).discount_minor == 400


def test_what_is_let_go_gives_the_code_back(
    viewer: Visitor, bargain: Order, held: Hold, table4: Code, now: datetime
) -> None:
    pay(bargain, now, DECLINED)

    release_hold(hold_id=held.pk, buyer_id=viewer.pk, now=now)
    cancel_unpayable_orders(now=now + timedelta(seconds=1))

    assert counts(table4) == (0, [State.FREED])


def test_a_guest_who_signs_in_takes_their_code_along(
    viewer: Visitor, rival_viewer: Visitor, variant: Variant, table4: Code, hold_units: HoldUnits,
    order_units: OrderUnits, now: datetime,
) -> None:  # fmt: skip
    order = order_units(rival_viewer, hold_units(rival_viewer, variant=variant), codes=["TABLE4"])

    merge_holds(from_visitor=rival_viewer.pk, to_visitor=viewer.pk, now=now)

    assert CodeUse.objects.get().buyer == viewer
    with pytest.raises(CodeUsedByYou, match=order.code):
        order_units(viewer, hold_units(viewer, variant=variant, quantity=1), codes=["TABLE4"])


def test_who_used_a_code_as_a_guest_and_signed_in_uses_it_no_third_time(
    viewer: Visitor, rival_viewer: Visitor, variant: Variant, held: Hold, bargain: Order, table4: Code,
    hold_units: HoldUnits, order_units: OrderUnits, now: datetime,
) -> None:  # fmt: skip
    guests = order_units(rival_viewer, hold_units(rival_viewer, variant=variant), codes=["TABLE4"], household=2)
    pay(guests, now)

    merge_holds(from_visitor=rival_viewer.pk, to_visitor=viewer.pk, now=now)
    # The account's own order ends: what it used as a guest still counts.
    order_units(viewer, held)

    assert counts(table4) == (1, [State.FREED, State.SPENT])
    with pytest.raises(CodeUsedByYou, match=guests.code):
        order_units(viewer, held, codes=["TABLE4"])


def test_a_code_is_written_without_touching_what_was_taken(bargain: Order, table4: Code) -> None:
    stale = Code.objects.get(pk=table4.pk)
    stale.taken, stale.uses, stale.amount_minor = 0, 1, 500

    write_code(code=stale)

    assert counts(table4) == (1, [State.RESERVED])
    assert (table4.uses, table4.amount_minor) == (1, 500)
    bargain.refresh_from_db()
    assert bargain.discount_minor == 400


def test_fewer_uses_than_taken_are_refused_in_words(bargain: Order, table4: Code) -> None:
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


@pytest.mark.parametrize(
    ("breach", "words"),
    [
        (lambda code, order: Code.objects.update(taken=2), "2 taken, orders say 1"),
        (lambda code, order: CodeUse.objects.update(amount_minor=399), "400 off, its code says 399"),
        (lambda code, order: CodeUse.objects.update(state=State.SPENT), "it was not paid"),
        (lambda code, order: Order.objects.update(state=Order.State.CANCELLED), "is cancelled, its code is reserved"),
        (lambda code, order: order.lines.update(discount_minor=399), "399 off its lines, 400 off the order"),
        (lambda code, order: CodeUse.objects.all().delete(), "something is off without a code"),
    ],
    ids=["taken", "amount", "spent", "closed", "shares", "alone"],
)
def test_the_audit_finds_what_is_wrong_with_codes(bargain: Order, table4: Code, breach, words: str) -> None:
    assert list(breaches()) == []

    with transaction.atomic():
        breach(table4, bargain)
        found = list(breaches())
        transaction.set_rollback(True)

    assert any(words in sentence for sentence in found), found
