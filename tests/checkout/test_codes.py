"""Codes: reserved with the order, once for each buyer, spent when it is paid, free again when it ends unpaid."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from catalog.models import Brand, Variant
from checkout.audit import breaches
from checkout.codes import (
    CodeOver,
    CodeUsedByYou,
    CodeUsedUp,
    write_code,
)
from checkout.gateways.practice import DECLINED, NEVER_ANSWERS
from checkout.holds import expire_overdue_holds, merge_holds, release_hold
from checkout.models import Code, CodeUse, Hold, Order, Payment
from checkout.orders import OrderKeyUsed, PaymentRuns, TotalMoved, cancel_unpayable_orders
from checkout.payments import give_up_overdue_payments
from livecommerce.accounts.models import Visitor
from streams.models import Drop
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
