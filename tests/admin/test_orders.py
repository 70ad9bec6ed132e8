"""Orders in the back office: parcels, refunds and goods that come back, by the brand's own staff."""

from datetime import datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from catalog.models import Stock, StockEntry, Variant
from checkout.models import Hold, Order, Refund
from checkout.withdrawals import withdraw
from livecommerce.accounts.models import User, Visitor
from tests.admin.conftest import Belongings
from tests.checkout.conftest import ADDRESS, EMAIL, card


@pytest.fixture
def paid_order(viewer: Visitor, variant: Variant, now: datetime) -> Order:
    """Two cups of the shop."""
    from checkout.holds import place_hold
    from checkout.orders import place_order
    from checkout.payments import pay_order

    held = place_hold(buyer_id=viewer.pk, variant_id=variant.pk, quantity=2, key="h", now=now)
    order = place_order(buyer_id=viewer.pk, hold_ids=[held.hold_id], email=EMAIL, address=ADDRESS, key="o", now=now)
    pay_order(order_id=order.pk, card=card(), now=now)
    return Order.objects.get(pk=order.pk)


def act(client: Client, action: str, order: Order) -> str:
    """Choose one order and an action of the list; return the page that follows."""
    posted = {"action": action, "_selected_action": [order.pk]}
    return client.post(reverse("admin:checkout_order_changelist"), posted, follow=True).content.decode()


def left(variant: Variant) -> int:
    return Stock.objects.shop().get(variant=variant).left


def test_a_parcel_leaves_and_arrives(insider: Client, paid_order: Order) -> None:
    assert "on its way." in act(insider, "ship", paid_order)
    assert "arrived." in act(insider, "deliver", paid_order)

    paid_order.refresh_from_db()
    assert paid_order.shipped_at
    assert paid_order.delivered_at
    assert "is on its way already" in act(insider, "ship", paid_order)
    assert "has arrived already" in act(insider, "deliver", paid_order)


def test_a_parcel_that_arrived_had_left(insider: Client, paid_order: Order) -> None:
    act(insider, "deliver", paid_order)

    paid_order.refresh_from_db()
    assert paid_order.shipped_at == paid_order.delivered_at is not None


def test_a_refund_with_its_units_for_sale_again(
    insider: Client, brand_staff: User, paid_order: Order, variant: Variant
) -> None:
    before = left(variant)

    page = act(insider, "refund_and_restock", paid_order)

    assert f"{paid_order.code}: refunded, its units are for sale." in page
    assert left(variant) == before + 2
    assert Refund.objects.get().actor == brand_staff
    assert StockEntry.objects.get(kind="taken_back", chain="units").actor == brand_staff
    assert "its units are for sale" in LogEntry.objects.get().change_message
    assert "by seller" in insider.get(reverse("admin:checkout_order_change", args=[paid_order.pk])).content.decode()


def test_a_refund_whose_units_stay_out_until_staff_put_them_back(
    insider: Client, paid_order: Order, variant: Variant
) -> None:
    before = left(variant)

    act(insider, "refund", paid_order)
    assert left(variant) == before
    assert Hold.objects.get().state == Hold.State.COMMITTED

    assert "for sale again." in act(insider, "restock", paid_order)
    assert left(variant) == before + 2
    assert "its units went back before" in act(insider, "restock", paid_order)
    assert left(variant) == before + 2


def test_money_goes_back_once(insider: Client, paid_order: Order) -> None:
    act(insider, "refund", paid_order)

    assert "its money goes back once" in act(insider, "refund_and_restock", paid_order)
    assert Refund.objects.count() == 1


def test_goods_that_the_buyer_owns_are_not_put_on_sale(insider: Client, paid_order: Order, variant: Variant) -> None:
    before = left(variant)

    assert "it is not refunded" in act(insider, "restock", paid_order)
    assert left(variant) == before


def test_a_withdrawal_is_shown(insider: Client, paid_order: Order, now: datetime) -> None:
    withdraw(order_id=paid_order.pk, name="Ana Lopes", now=now)

    page = insider.get(reverse("admin:checkout_order_change", args=[paid_order.pk])).content.decode()

    assert "by Ana Lopes, receipt to" in page
    assert "withdrawn" in page


@pytest.mark.parametrize("action", ["ship", "deliver", "refund_and_restock", "refund", "restock"])
def test_another_brands_orders_are_out_of_reach(insider: Client, foreign: Belongings, action: str) -> None:
    order = Order.objects.get(pk=foreign.rows[Order].pk)
    Order.objects.filter(pk=order.pk).update(state=Order.State.PAID, paid_at=order.placed_at)
    try:
        page = act(insider, action, order)
    finally:
        Order.objects.filter(pk=order.pk).update(state=Order.State.PENDING, paid_at=None)

    assert order.code not in page
    order.refresh_from_db()
    assert (order.shipped_at, order.delivered_at) == (None, None)
    assert not Refund.objects.exists()


def test_staff_of_no_brand_have_no_actions(client: Client, make_user, paid_order: Order) -> None:
    client.force_login(make_user("Nora Nobody", is_staff=True), backend="django.contrib.auth.backends.ModelBackend")

    answer = client.post(
        reverse("admin:checkout_order_changelist"), {"action": "refund", "_selected_action": [paid_order.pk]}
    )

    assert answer.status_code == 403
    assert not Refund.objects.exists()
