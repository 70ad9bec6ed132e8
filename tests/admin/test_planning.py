"""What brand staff do in the back office: schedule a show, list a product, look at orders."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Brand, PriceChange, Product, StockEntry, Variant
from livecommerce.accounts.models import User
from streams.models import Host, LineupItem, Show, ShowMember, ShowMove

pytestmark = pytest.mark.django_db

EMPTY_FORMSET = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0", "MIN_NUM_FORMS": "0", "MAX_NUM_FORMS": "1000"}


def formset(prefix: str, *rows: dict[str, object], initial: int = 0) -> dict[str, object]:
    fields = {**EMPTY_FORMSET, "TOTAL_FORMS": str(len(rows)), "INITIAL_FORMS": str(initial)}
    filled = {f"{prefix}-{name}": value for name, value in fields.items()}
    for number, row in enumerate(rows):
        filled |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return filled


def plan(brand: Brand, host: Host, starts_at: datetime, *, lineup=(), team=()) -> dict[str, object]:
    return {
        "brand": brand.pk,
        "host": host.pk,
        "title": "Advent table",
        "slug": "advent-table",
        "description": "",
        "starts_at_0": f"{starts_at:%Y-%m-%d}",
        "starts_at_1": f"{starts_at:%H:%M:%S}",
        "planned_minutes": "45",
        "reconnect_seconds": "600",
        "slow_seconds": "0",
        **formset("lineup", *lineup),
        **formset("members", *team),
        **formset("moves"),
    }


@pytest.fixture
def starts_at(now: datetime) -> datetime:
    return now + timedelta(days=2)


def test_staff_schedule_a_show_with_lineup_drop_price_and_team(
    insider: Client,
    brand: Brand,
    host: Host,
    product: Product,
    moderator: User,
    brand_staff: User,
    starts_at: datetime,
):
    item = {"product": product.pk, "planned_minutes": 12, "drop_price": "21.00", "drop_units": 80, "drop_per_buyer": 2}
    member = {"email": moderator.email, "role": "moderator"}

    answer = insider.post(reverse("admin:streams_show_add"), plan(brand, host, starts_at, lineup=[item], team=[member]))

    assert answer.status_code == 302, answer.context["errors"]
    show = Show.objects.get(slug="advent-table")
    assert (show.state, show.starts_at) == (Show.State.SCHEDULED, starts_at)
    assert ShowMove.objects.get(show=show).actor == brand_staff
    line = LineupItem.objects.get(show=show)
    assert (line.product, line.drop_price_minor, line.drop_units, line.position) == (product, 2100, 80, 1)
    assert ShowMember.objects.get(show=show).user == moderator


def test_staff_plan_a_drop_by_lot_with_guests_checked(
    insider: Client, brand: Brand, host: Host, product: Product, starts_at: datetime
):
    item = {"product": product.pk, "planned_minutes": 12, "drop_price": "21.00", "drop_units": 8, "drop_per_buyer": 1}
    fair = {"drop_draw_seconds": 10, "drop_guest_check": "on"}

    answer = insider.post(reverse("admin:streams_show_add"), plan(brand, host, starts_at, lineup=[item | fair]))

    assert answer.status_code == 302, answer.context["errors"]
    line = LineupItem.objects.get(show__slug="advent-table")
    assert (line.drop_draw_seconds, line.drop_guest_check) == (10, True)


def test_a_show_cannot_be_given_to_another_brand(insider: Client, host: Host, rival_brand: Brand, starts_at: datetime):
    answer = insider.post(reverse("admin:streams_show_add"), plan(rival_brand, host, starts_at))

    assert "brand" in answer.context["adminform"].form.errors
    assert not Show.objects.exists()


def test_a_drop_needs_price_and_units(insider: Client, brand: Brand, host: Host, product: Product, starts_at: datetime):
    item = {"product": product.pk, "planned_minutes": 12, "drop_price": "21.00", "drop_per_buyer": 2}

    answer = insider.post(reverse("admin:streams_show_add"), plan(brand, host, starts_at, lineup=[item]))

    assert answer.status_code == 200
    assert not Show.objects.exists()


def test_a_show_keeps_its_state_when_its_title_is_edited(insider: Client, show: Show):
    member = ShowMember.objects.get(show=show)
    kept = {"id": member.pk, "show": show.pk, "email": member.user.email, "role": "moderator"}
    body = plan(show.brand, show.host, show.starts_at) | formset("members", kept, initial=1) | {"title": "Renamed"}
    Show.objects.filter(pk=show.pk).update(state_version=7)

    answer = insider.post(reverse("admin:streams_show_change", args=[show.pk]), body)

    assert answer.status_code == 302, answer.context["errors"]
    show.refresh_from_db()
    assert (show.title, show.state, show.state_version) == ("Renamed", Show.State.SCHEDULED, 7)


def test_an_action_calls_a_show_off_and_says_so(insider: Client, show: Show):
    answer = insider.post(
        reverse("admin:streams_show_changelist"), {"action": "cancel", "_selected_action": [show.pk]}, follow=True
    )

    show.refresh_from_db()
    assert show.state == Show.State.CANCELLED
    assert "called off" in answer.content.decode()


def test_an_action_that_is_refused_gives_the_reason(insider: Client, live_show: Show):
    answer = insider.post(
        reverse("admin:streams_show_changelist"), {"action": "cancel", "_selected_action": [live_show.pk]}, follow=True
    )

    assert "cannot become cancelled" in answer.content.decode()


def product_form(brand: Brand, **more: object) -> dict[str, object]:
    variant = {
        "sku": "BOWL-1",
        "option_values": "Oat",
        "price": "34.50",
        "units_to_add": "12",
        "weight_grams": "300",
        "position": "0",
        "is_active": "on",
    }
    return {
        "brand": brand.pk,
        "name": "Bowl",
        "slug": "bowl",
        "description": "",
        "facts": "Material: Stoneware",
        "option_names": "Glaze",
        "is_listed": "on",
        **formset("variants", variant),
        **formset("images"),
        **more,
    }


def test_staff_list_a_product_with_a_variant_its_price_and_first_stock(
    insider: Client, brand: Brand, brand_staff: User
):
    answer = insider.post(reverse("admin:catalog_product_add"), product_form(brand))

    assert answer.status_code == 302, answer.context["errors"]
    variant = Variant.objects.get(sku="BOWL-1")
    assert (variant.brand, variant.price_minor, variant.option_values) == (brand, 3450, ["Oat"])
    assert variant.product.facts == {"Material": "Stoneware"}
    assert variant.stocks.get().on_hand == 12
    assert PriceChange.objects.get(variant=variant).actor == brand_staff
    assert StockEntry.objects.get(stock__variant=variant, quantity=12).actor == brand_staff


def test_a_new_price_goes_into_the_history_and_units_into_the_ledger(
    insider: Client, product: Product, variant: Variant
):
    rows = [
        {
            "id": each.pk,
            "product": product.pk,
            "sku": each.sku,
            "option_values": ", ".join(each.option_values),
            "price": "25.00" if each == variant else "28.00",
            "units_to_add": "5" if each == variant else "",
            "weight_grams": "0",
            "position": each.position,
            "is_active": "on",
        }
        for each in product.variants.order_by("position", "pk")
    ]
    body = product_form(product.brand, name=product.name, option_names="Colour", facts="")
    image = product.images.get()
    pictures = formset("images", {"id": image.pk, "product": product.pk, "alt": "A cup", "position": 0}, initial=1)

    answer = insider.post(
        reverse("admin:catalog_product_change", args=[product.pk]),
        body | formset("variants", *rows, initial=len(rows)) | pictures,
    )

    assert answer.status_code == 302, answer.context["errors"]
    variant.refresh_from_db()
    assert variant.price_minor == 2500
    assert list(variant.price_changes.order_by("at").values_list("price_minor", flat=True)) == [2800, 2500]
    assert variant.stocks.get(for_drop=False).on_hand == 105


def test_a_sku_is_used_once_in_a_brand(insider: Client, brand: Brand, variant: Variant):
    body = product_form(brand) | {"variants-0-sku": variant.sku}

    answer = insider.post(reverse("admin:catalog_product_add"), body)

    assert "Another variant of this brand has this SKU." in answer.content.decode()


def test_a_picture_that_is_none_is_refused_in_words(insider: Client, brand: Brand):
    from django.core.files.uploadedfile import SimpleUploadedFile

    upload = SimpleUploadedFile("x.svg", b"<svg onload='alert(1)'/>", content_type="image/svg+xml")
    body = product_form(brand) | formset("images", {"image": upload, "alt": "", "position": 0})

    answer = insider.post(reverse("admin:catalog_product_add"), body)

    assert answer.status_code == 200
    assert not Product.objects.filter(slug="bowl").exists()


@pytest.mark.parametrize("page", ["catalog_product", "streams_show", "streams_host", "checkout_order", "catalog_stock"])
def test_pages_of_the_back_office_load(insider: Client, page: str, live_show: Show):
    assert insider.get(reverse(f"admin:{page}_changelist")).status_code == 200


def test_forms_of_the_back_office_load_under_their_own_policy(insider: Client, live_show: Show, product: Product):
    for address in (
        reverse("admin:index"),
        reverse("admin:streams_show_add"),
        reverse("admin:streams_show_change", args=[live_show.pk]),
        reverse("admin:catalog_product_add"),
        reverse("admin:catalog_product_change", args=[product.pk]),
        reverse("admin:catalog_brand_change", args=[product.brand_id]),
    ):
        answer = insider.get(address)

        assert answer.status_code == 200
        policy = answer.headers["Content-Security-Policy"]
        assert "'unsafe-eval'" in policy
        assert "script-src 'self' 'unsafe-eval';" in policy


def test_orders_cannot_be_typed_in(insider: Client, operator_client: Client):
    for client in (insider, operator_client):
        assert client.get(reverse("admin:checkout_order_add")).status_code == 403
