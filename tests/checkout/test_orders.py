"""Orders: one hold, one living order; one key, one order; the prices are the server's."""

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from catalog.models import Brand, Variant
from checkout.addresses import AddressIncomplete
from checkout.gateways.practice import NEVER_ANSWERS
from checkout.holds import HoldOver, release_hold
from checkout.links import order_token
from checkout.models import Hold, Order, OrderLine
from checkout.orders import (
    NothingHeld,
    OrderKeyUsed,
    OrderNotFound,
    PaymentRuns,
    SeveralSellers,
    TotalMoved,
    cancel_unpayable_orders,
    order_for_viewer,
    place_order,
)
from checkout.payments import pay_order
from checkout.totals import vat_inside
from livecommerce.accounts.models import Visitor
from livecommerce.accounts.viewer import Viewer
from streams.models import Drop
from tests.checkout.conftest import ADDRESS, EMAIL, HoldUnits, OrderUnits, card


def test_the_total_is_goods_and_parcel_with_vat_inside(pending_order: Order) -> None:
    assert (pending_order.goods_minor, pending_order.shipping_minor, pending_order.total_minor) == (4200, 490, 4690)
    assert pending_order.vat_minor == 749


@pytest.mark.parametrize(("gross", "rate", "vat"), [(4290, 1900, 685), (0, 2100, 0), (1, 2100, 0), (121, 2100, 21)])
def test_vat_inside_a_price_is_rounded_half_up(gross: int, rate: int, vat: int) -> None:
    assert vat_inside(gross, rate) == vat


def test_an_order_sets_its_holds_to_paying_and_keeps_their_end(pending_order: Order, held: Hold) -> None:
    end = held.expires_at

    held.refresh_from_db()

    assert held.state == Hold.State.PAYING
    assert held.expires_at == end
    assert held.order_line.order == pending_order


def test_the_same_key_finds_the_same_order(viewer: Visitor, held: Hold, order_units: OrderUnits) -> None:
    first = order_units(viewer, held, key="tap")

    assert order_units(viewer, held, key="tap") == first
    assert Order.objects.count() == 1


def test_a_reload_finds_the_order_by_its_holds_and_the_last_address_counts(
    pending_order: Order, viewer: Visitor, held: Hold, now: datetime
) -> None:
    moved = {**ADDRESS, "street": "Neue Str. 1"}

    again = place_order(
        buyer_id=viewer.pk, hold_ids=[held.pk], email="new@example.test", address=moved, key="reload", now=now
    )

    assert again == pending_order
    assert (again.email, again.address["street"]) == ("new@example.test", "Neue Str. 1")


def test_a_key_makes_one_order_and_is_refused_for_another(
    viewer: Visitor, held: Hold, variant: Variant, hold_units: HoldUnits, order_units: OrderUnits
) -> None:
    order_units(viewer, held, key="tap")

    with pytest.raises(OrderKeyUsed):
        order_units(viewer, hold_units(viewer, variant=variant, quantity=1), key="tap")


def test_nobody_is_charged_another_total_than_stood_on_the_button(
    viewer: Visitor, held: Hold, brand: Brand, pending_order: Order, now: datetime
) -> None:
    def order(key: str, total_seen: int) -> Order:
        return place_order(
            buyer_id=viewer.pk,
            hold_ids=[held.pk],
            email=EMAIL,
            address=ADDRESS,
            key=key,
            total_seen=total_seen,
            now=now,
        )

    Brand.objects.filter(pk=brand.pk).update(shipping_price_minor=690)

    with pytest.raises(TotalMoved):
        order("seen before", 4690)
    assert order("seen after", 4890).total_minor == 4890
    pending_order.refresh_from_db()
    assert pending_order.state == Order.State.CANCELLED


def test_a_larger_bag_replaces_the_unpaid_order(
    pending_order: Order, viewer: Visitor, held: Hold, variant: Variant, hold_units: HoldUnits, order_units: OrderUnits
) -> None:
    other = hold_units(viewer, variant=variant, quantity=1)

    larger = order_units(viewer, held, other)

    pending_order.refresh_from_db()
    assert pending_order.state == Order.State.CANCELLED
    assert larger.lines.count() == 2


def test_an_order_that_a_bank_decides_about_is_not_replaced(
    pending_order: Order,
    viewer: Visitor,
    held: Hold,
    variant: Variant,
    hold_units: HoldUnits,
    order_units: OrderUnits,
    now: datetime,
) -> None:
    pay_order(order_id=pending_order.pk, card=card(NEVER_ANSWERS), now=now)
    other = hold_units(viewer, variant=variant, quantity=1)

    with pytest.raises(PaymentRuns):
        order_units(viewer, held, other)


def test_holds_of_two_sellers_are_two_contracts(
    viewer: Visitor, held: Hold, rival_variant: Variant, hold_units: HoldUnits, order_units: OrderUnits
) -> None:
    other = hold_units(viewer, variant=rival_variant, quantity=1)

    with pytest.raises(SeveralSellers):
        order_units(viewer, held, other)


def test_nobody_orders_what_another_holds(held: Hold, rival_viewer: Visitor, order_units: OrderUnits) -> None:
    with pytest.raises(NothingHeld):
        order_units(rival_viewer, held)


def test_a_hold_that_is_over_makes_no_order(viewer: Visitor, held: Hold, now: datetime) -> None:
    later = held.expires_at + timedelta(seconds=1)

    with pytest.raises(HoldOver):
        place_order(buyer_id=viewer.pk, hold_ids=[held.pk], email=EMAIL, address=ADDRESS, key="late", now=later)

    assert not Order.objects.exists()


def test_all_slips_of_an_address_are_told_at_once(viewer: Visitor, held: Hold, now: datetime) -> None:
    with pytest.raises(AddressIncomplete) as refused:
        place_order(buyer_id=viewer.pk, hold_ids=[held.pk], email="ana@", address={"country": "XX"}, key="k", now=now)

    assert set(refused.value.fields) == {"name", "street", "postcode", "town", "country", "email"}
    held.refresh_from_db()
    assert held.state == Hold.State.HELD


def test_an_order_whose_hold_was_let_go_is_closed(
    viewer: Visitor, held: Hold, pending_order: Order, now: datetime
) -> None:
    from checkout.payments import give_up_overdue_payments

    later = held.expires_at + timedelta(minutes=5)
    give_up_overdue_payments(now=later)
    release_hold(hold_id=held.pk, buyer_id=viewer.pk, now=later)

    assert cancel_unpayable_orders(now=later) == 1
    pending_order.refresh_from_db()
    assert pending_order.state == Order.State.CANCELLED


def test_a_stranger_does_not_find_an_order(pending_order: Order, rival_viewer: Visitor) -> None:
    stranger = Viewer(visitor_id=rival_viewer.pk)

    for token in ("", "guess", order_token("R7K2-481")):
        with pytest.raises(OrderNotFound):
            order_for_viewer(code=pending_order.code, viewer=stranger, token=token)


def test_the_signed_link_opens_an_order_for_a_guest(pending_order: Order) -> None:
    token = order_token(pending_order.code)

    assert order_for_viewer(code=pending_order.code, viewer=Viewer(), token=token) == pending_order


def test_the_database_refuses_a_total_that_is_not_the_sum(pending_order: Order) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=pending_order.pk).update(total_minor=1)


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_order_the_same_hold_at_once_get_one_order(
    viewer: Visitor, drop_on_sale: Drop, hold_units: HoldUnits, order_units: OrderUnits
) -> None:
    held = hold_units(viewer, drop=drop_on_sale)
    barrier, codes = Barrier(4), []

    def order() -> None:
        barrier.wait()
        codes.append(order_units(viewer, held).code)
        connection.close()

    tabs = [Thread(target=order) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()

    assert len(codes) == 4
    assert len(set(codes)) == 1
    assert OrderLine.objects.count() == 1
