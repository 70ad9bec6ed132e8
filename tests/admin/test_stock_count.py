"""Counting stock in the back office: down to what is held or sold and no further, and always with an entry."""

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Product, Stock, StockEntry, Variant
from checkout.holds import place_hold
from livecommerce.accounts.models import User, Visitor
from tests.admin.test_planning import formset, product_form

pytestmark = pytest.mark.django_db


@pytest.fixture
def count(insider: Client, product: Product, variant: Variant):
    """`count(40)`: staff save the product's page with so many units counted of the first variant."""

    def save(units: int, *, added: str = ""):
        rows = [
            {
                "id": each.pk,
                "product": product.pk,
                "sku": each.sku,
                "option_values": ", ".join(each.option_values),
                "price": "28.00",
                "units_to_add": added if each == variant else "",
                "units_counted": units if each == variant else "",
                "weight_grams": "0",
                "position": each.position,
                "is_active": "on",
            }
            for each in product.variants.order_by("position", "pk")
        ]
        body = product_form(product.brand, name=product.name, option_names="Colour", facts="")
        image = product.images.get()
        pictures = formset("images", {"id": image.pk, "product": product.pk, "alt": "A cup", "position": 0}, initial=1)
        return insider.post(
            reverse("admin:catalog_product_change", args=[product.pk]),
            body | formset("variants", *rows, initial=len(rows)) | pictures,
        )

    return save


@pytest.fixture
def seven_held(variant: Variant, viewer: Visitor, now) -> None:
    place_hold(buyer_id=viewer.pk, variant_id=variant.pk, quantity=7, key="k", now=now)


@pytest.mark.parametrize("units", [0, 7, 130])
def test_what_was_counted_is_what_is_there(count, variant: Variant, brand_staff: User, units: int):
    answer = count(units)

    assert answer.status_code == 302, answer.context["errors"]
    assert Stock.objects.shop().get(variant=variant).on_hand == units
    entry = StockEntry.objects.filter(stock__variant=variant).latest("number")
    assert (entry.kind, entry.quantity, entry.actor) == ("adjusted", units - 100, brand_staff)


def test_a_count_below_what_is_held_is_refused_in_words_and_changes_nothing(count, variant: Variant, seven_held):
    before = StockEntry.objects.count()

    answer = count(6)

    assert answer.status_code == 200
    assert "7 units are held or sold already, so there cannot be 6. Nothing was changed." in answer.content.decode()
    assert (Stock.objects.shop().get(variant=variant).on_hand, StockEntry.objects.count()) == (100, before)


def test_a_count_down_to_what_is_held_is_taken(count, variant: Variant, seven_held):
    assert count(7).status_code == 302

    assert Stock.objects.shop().get(variant=variant).left == 0


def test_adding_and_counting_at_once_is_refused(count, variant: Variant):
    answer = count(50, added="5")

    assert "Add units or count them, not both at once." in answer.content.decode()
    assert Stock.objects.shop().get(variant=variant).on_hand == 100
