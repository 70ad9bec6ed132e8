"""Codes in the back office: made and changed by the brand's own staff, with what is wrong said beside the field."""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Brand, Variant
from checkout.models import Code, Order
from livecommerce.accounts.models import User, Visitor
from streams.models import Show
from tests.admin.conftest import Belongings
from tests.checkout.conftest import ADDRESS, EMAIL


def typed(brand: Brand, **other: object) -> dict[str, object]:
    usual = {
        **{"brand": brand.pk, "text": "table4", "amount": "4.00", "uses": "100", "is_active": "on"},
        **{"starts_at_0": "2026-01-01", "starts_at_1": "10:00:00", "ends_at_0": "", "ends_at_1": ""},
        **{"code_uses-TOTAL_FORMS": "0", "code_uses-INITIAL_FORMS": "0"},
    }
    return usual | other


def add(client: Client, brand: Brand, **other: object) -> str:
    return client.post(reverse("admin:checkout_code_add"), typed(brand, **other), follow=True).content.decode()


def change(client: Client, code: Code, **other: object) -> str:
    address = reverse("admin:checkout_code_change", args=[code.pk])
    return client.post(address, typed(code.brand, **other), follow=True).content.decode()


@pytest.fixture
def table4(insider: Client, brand: Brand) -> Code:
    add(insider, brand)
    return Code.objects.get()


@pytest.fixture
def order_with_it(table4: Code, viewer: Visitor, variant: Variant, now: datetime) -> Order:
    from checkout.holds import place_hold
    from checkout.orders import place_order

    held = place_hold(buyer_id=viewer.pk, variant_id=variant.pk, quantity=1, key="h", now=now)
    return place_order(
        buyer_id=viewer.pk, hold_ids=[held.hold_id], email=EMAIL, address=ADDRESS, key="o", codes=["TABLE4"], now=now
    )


def test_staff_make_a_code_and_its_text_is_in_capitals(insider: Client, brand: Brand) -> None:
    add(insider, brand, least_goods="20", percent="")

    code = Code.objects.get()
    assert (code.text, code.amount_minor, code.percent_bp, code.least_goods_minor) == ("TABLE4", 400, None, 2000)
    assert (code.uses, code.taken, code.ends_at, code.is_active) == (100, 0, None, True)
    page = insider.get(reverse("admin:checkout_code_changelist")).content.decode()
    assert "EUR\u00a04.00 off" in page


def test_a_code_may_be_a_share(insider: Client, brand: Brand) -> None:
    add(insider, brand, amount="", percent="12.5")

    assert (Code.objects.get().amount_minor, Code.objects.get().percent_bp) == (None, 1250)
    assert "12.5 % off" in insider.get(reverse("admin:checkout_code_changelist")).content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"text": "T4"}, "Use 3 to 24 letters"),
        ({"text": "TABLE 4"}, "Use 3 to 24 letters"),
        ({"amount": ""}, "Give an amount or a share"),
        ({"percent": "10"}, "Give an amount or a share"),
        ({"amount": "4.005"}, "EUR has 2 decimals"),
        ({"least_goods": "1.001"}, "EUR has 2 decimals"),
        ({"amount": "", "percent": "101"}, "less than or equal to 100"),
        ({"ends_at_0": "2025-01-01", "ends_at_1": "10:00:00"}, "A code ends after it starts"),
    ],
    ids=str,
)
def test_what_cannot_be_is_said_beside_its_field(
    insider: Client, brand: Brand, wrong: dict[str, str], words: str
) -> None:
    assert words in add(insider, brand, **wrong)
    assert not Code.objects.exists()


def test_a_brand_has_each_code_once(insider: Client, table4: Code, brand: Brand) -> None:
    assert "has this code already" in add(insider, brand, text="TABLE4 ")
    assert Code.objects.count() == 1


def test_new_terms_change_no_order_and_no_count(insider: Client, table4: Code, order_with_it: Order) -> None:
    change(insider, table4, amount="5.00", uses="1", text="OTHER")

    table4.refresh_from_db()
    order_with_it.refresh_from_db()
    assert (table4.text, table4.amount_minor, table4.uses, table4.taken) == ("TABLE4", 500, 1, 1)
    assert order_with_it.discount_minor == 400


def test_fewer_uses_than_orders_have_are_refused_in_words(insider: Client, table4: Code, order_with_it: Order) -> None:
    page = change(insider, table4, uses="0")

    assert "1 orders have TABLE4 already" in page
    table4.refresh_from_db()
    assert table4.uses == 100


def test_the_orders_of_a_code_are_below_it_and_the_code_is_on_the_order(
    insider: Client, table4: Code, order_with_it: Order
) -> None:
    code_page = insider.get(reverse("admin:checkout_code_change", args=[table4.pk])).content.decode()
    order_page = insider.get(reverse("admin:checkout_order_change", args=[order_with_it.pk])).content.decode()

    assert order_with_it.code in code_page
    assert "Reserved" in code_page
    assert "TABLE4" in order_page


def test_nobody_makes_a_code_for_another_brand(insider: Client, rival_brand: Brand, brand_staff: User) -> None:
    assert "Select a valid choice" in add(insider, rival_brand)
    assert not Code.objects.exists()


def test_a_code_belongs_to_a_show_of_its_own_brand(
    operator_client: Client, brand: Brand, show: Show, foreign: Belongings
) -> None:
    assert "another brand" in add(operator_client, brand, show=foreign.rows[Show].pk)
    add(operator_client, brand, show=show.pk)

    assert Code.objects.get(brand=brand).show == show


def test_nobody_deletes_a_code(insider: Client, operator_client: Client, table4: Code) -> None:
    address = reverse("admin:checkout_code_delete", args=[table4.pk])

    assert {one.post(address, {"post": "yes"}).status_code for one in (insider, operator_client)} == {403}
    assert Code.objects.exists()


def test_another_brands_staff_change_nothing(outsider: User, table4: Code) -> None:
    client = Client()
    client.force_login(outsider, backend="django.contrib.auth.backends.ModelBackend")

    address = reverse("admin:checkout_code_change", args=[table4.pk])
    answer = client.post(address, typed(table4.brand, uses="1"))

    assert answer.status_code == 404
    table4.refresh_from_db()
    assert table4.uses == 100
