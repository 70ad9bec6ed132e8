"""Stock: received, counted, allotted, never below what is taken."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from PIL import Image

from catalog.images import BadPicture, encoded
from catalog.models import PriceChange, Product, Stock, StockEntry, Variant
from catalog.prices import lowest_price_30_days, set_price
from catalog.products import (
    ProductDraft,
    ProductNotFound,
    VariantDraft,
    list_product,
    product_for_viewer,
)
from catalog.stock import BelowTaken, NotEnoughStock, adjust_stock, allot_to_drop, receive_stock
from checkout.holds import place_hold
from livecommerce.accounts.viewer import Viewer
from livecommerce.errors import BadInput
from livecommerce.money import Money

pytestmark = pytest.mark.django_db

EUR28 = Money(2800, "EUR")


def shop(variant: Variant) -> Stock:
    return Stock.objects.shop().get(variant=variant)


def picture(kind: str, size=(2400, 1200)) -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", size, "teal").save(out, kind)
    return SimpleUploadedFile(f"cup.{kind.lower()}", out.getvalue())


def test_received_units_are_explained_by_the_ledger(variant, now):
    receive_stock(variant=variant, quantity=5, actor=None, now=now)

    entries = StockEntry.objects.filter(stock=shop(variant)).order_by("number")
    assert [(entry.kind, entry.quantity, entry.on_hand_after) for entry in entries] == [
        ("received", 100, 100),
        ("received", 5, 105),
    ]


def test_a_count_below_what_is_held_is_refused_with_words(variant, viewer, now):
    place_hold(buyer_id=viewer.pk, variant_id=variant.pk, quantity=3, key="k", now=now)

    with pytest.raises(BelowTaken, match="3 units are held or sold"):
        adjust_stock(variant=variant, on_hand=2, actor=None, now=now)

    assert shop(variant).on_hand == 100
    assert adjust_stock(variant=variant, on_hand=3, actor=None, now=now).left == 0


def test_the_database_itself_refuses_an_oversold_row(variant):
    """The guard behind all others."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Stock.objects.filter(variant=variant).update(taken=101)


def test_a_variant_has_one_row_in_the_shop(variant):
    with pytest.raises(IntegrityError), transaction.atomic():
        Stock.objects.create(variant=variant)


def test_no_more_is_allotted_than_nobody_holds(variant, viewer, now):
    place_hold(buyer_id=viewer.pk, variant_id=variant.pk, quantity=10, key="k", now=now)

    with pytest.raises(NotEnoughStock):
        allot_to_drop(variant=variant, units=91, actor=None, now=now)


def test_a_price_has_a_history(variant, now):
    set_price(variant=variant, price=Money(2500, "EUR"), actor=None, now=now)

    variant.refresh_from_db()
    assert variant.price == Money(2500, "EUR")
    assert lowest_price_30_days(variant, now) == Money(2500, "EUR")
    with pytest.raises(BadInput):
        set_price(variant=variant, price=Money(0, "EUR"), actor=None, now=now)


def test_a_product_is_listed_whole_or_not_at_all(brand, now):
    draft = ProductDraft(
        name="Tea",
        slug="tea",
        option_names=["Size"],
        variants=[
            VariantDraft(sku="T-50", price=EUR28, option_values=["50 g"], units=4),
            VariantDraft(sku="T-90", price=EUR28, option_values=["90 g"]),
        ],
    )

    product = list_product(brand=brand, draft=draft, actor=None, now=now)

    assert [variant.option_text for variant in product.variants.order_by("position")] == ["50 g", "90 g"]
    assert PriceChange.objects.filter(variant__product=product).count() == 2
    with pytest.raises(BadInput) as refused:
        list_product(brand=brand, draft=draft, actor=None, now=now)
    assert {"slug", "variants"} <= set(refused.value.fields)


def test_options_and_currency_have_to_fit(brand, now):
    draft = ProductDraft(
        name="Tea", slug="tea", option_names=["Size"], variants=[VariantDraft(sku="T", price=Money(1, "USD"))]
    )

    with pytest.raises(BadInput) as refused:
        list_product(brand=brand, draft=draft, actor=None, now=now)

    assert set(refused.value.fields) == {"variants.0.option_values", "variants.0.price"}
    assert not Product.objects.filter(slug="tea").exists()


def test_a_retired_product_is_for_its_staff_alone(product, brand_staff, outsider, viewer):
    Product.objects.filter(pk=product.pk).update(is_listed=False)

    assert product_for_viewer(product.slug, Viewer(user_id=brand_staff.pk)) == product
    for stranger in (Viewer(), Viewer(visitor_id=viewer.pk), Viewer(user_id=outsider.pk)):
        with pytest.raises(ProductNotFound):
            product_for_viewer(product.slug, stranger)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_upload_is_encoded_anew_and_made_smaller(kind):
    with Image.open(encoded(picture(kind))) as made:
        assert (made.format, made.size) == ("WEBP", (1600, 800))


@pytest.mark.parametrize(
    "content",
    [b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", b"", b"\x89PNG\r\n\x1a\nbroken"],
)
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(BadPicture):
        encoded(SimpleUploadedFile("cup.svg", content))


def test_where_a_photo_was_taken_is_not_told():
    shot = Image.new("RGB", (50, 50), "teal")
    exif = shot.getexif()
    exif[0x010F] = "a camera"
    out = BytesIO()
    shot.save(out, "JPEG", exif=exif)

    stored = encoded(SimpleUploadedFile("cup.jpg", out.getvalue()))

    with Image.open(stored) as made:
        assert not dict(made.getexif())
    assert stored.name.endswith(".webp")
