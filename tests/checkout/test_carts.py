"""Carts: the bag is what is held, one seller after the other, the soonest end first."""

from datetime import datetime, timedelta

from catalog.models import Variant
from checkout.carts import cart_of, units_held
from checkout.gateways.practice import ASKS_FOR_3DS
from checkout.holds import release_hold
from checkout.models import Hold, Order
from checkout.payments import pay_order
from livecommerce.accounts.models import Visitor
from livecommerce.money import Money
from tests.checkout.conftest import HoldUnits, card


def test_nobody_has_an_empty_bag(db: None, now: datetime) -> None:
    assert cart_of(buyer_id=None, now=now).bags == []
    assert units_held(buyer_id=None, now=now) == 0


def test_the_bag_has_the_sums_that_an_order_will_have(viewer: Visitor, held: Hold, now: datetime) -> None:
    [bag] = cart_of(buyer_id=viewer.pk, now=now).bags

    assert bag.totals.total == Money(4690, "EUR")
    assert bag.totals.vat == Money(749, "EUR")
    assert bag.units == 2


def test_each_seller_has_a_bag_and_the_soonest_end_stands_first(
    viewer: Visitor, held: Hold, rival_variant: Variant, hold_units: HoldUnits, now: datetime
) -> None:
    other = hold_units(viewer, variant=rival_variant, quantity=1)

    cart = cart_of(buyer_id=viewer.pk, now=now)

    assert other.expires_at > held.expires_at
    assert [bag.brand.slug for bag in cart.bags] == ["kiln-kettle", "norrfold"]
    assert cart.units == 3
    assert cart.bag_of("norrfold") == cart.bags[1]
    assert cart.bag_of("no-such-seller") == cart.bags[0]


def test_what_has_run_out_is_not_in_the_bag_even_before_a_sweeper_came(
    viewer: Visitor, held: Hold, now: datetime
) -> None:
    later = held.expires_at + timedelta(seconds=1)

    assert cart_of(buyer_id=viewer.pk, now=later).bags == []
    assert units_held(buyer_id=viewer.pk, now=later) == 0


def test_what_was_let_go_is_not_in_the_bag(viewer: Visitor, held: Hold, now: datetime) -> None:
    release_hold(hold_id=held.pk, buyer_id=viewer.pk, now=now)

    assert cart_of(buyer_id=viewer.pk, now=now).bags == []


def test_a_bag_says_that_a_bank_decides_about_it(viewer: Visitor, pending_order: Order, now: datetime) -> None:
    assert not cart_of(buyer_id=viewer.pk, now=now).bags[0].at_bank
    pay_order(order_id=pending_order.pk, card=card(ASKS_FOR_3DS), now=now)

    [bag] = cart_of(buyer_id=viewer.pk, now=now).bags

    assert bag.at_bank
    assert bag.order == pending_order


def test_a_rival_sees_nothing_of_it(held: Hold, rival_viewer: Visitor, now: datetime) -> None:
    assert cart_of(buyer_id=rival_viewer.pk, now=now).bags == []


def test_a_bag_of_any_size_takes_the_same_queries(
    viewer: Visitor,
    held: Hold,
    variant: Variant,
    rival_variant: Variant,
    hold_units: HoldUnits,
    now: datetime,
    django_assert_max_num_queries: object,
) -> None:
    for one in (variant, rival_variant):
        hold_units(viewer, variant=one, quantity=1)

    with django_assert_max_num_queries(4):  # type: ignore[operator]
        cart_of(buyer_id=viewer.pk, now=now).wire(now)
