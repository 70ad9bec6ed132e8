"""Brand staff plan through the API: their own brand's shows and products, whole or not at all."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from catalog.models import Brand, Product
from livecommerce.accounts.models import User, Visitor
from livecommerce.accounts.visitors import open_session
from streams.models import Host, Show

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User | Visitor], Client]


@pytest.fixture
def plan(host: Host, product: Product, now: datetime) -> dict[str, Any]:
    drop = {"drop_price": {"amount": 2100, "currency": "EUR"}, "drop_units": 40}
    return {
        "title": "Spring table",
        "host": host.handle,
        "starts_at": (now + timedelta(days=3)).isoformat(),
        "items": [{"product": product.slug, "minutes": 12, **drop}],
    }


def post(user: User | None, path: str, body: dict[str, Any], now: datetime) -> Any:
    token = open_session(user=user, now=now) if user else ""
    headers = {"Authorization": f"Bearer {token}"} if user else {}
    return Client().post(f"/api/v1/brand/{path}", body, content_type="application/json", headers=headers)


def test_staff_schedule_a_show_with_its_line_up(
    brand: Brand, brand_staff: User, plan: dict[str, Any], now: datetime
) -> None:
    answer = post(brand_staff, "shows", plan, now)

    assert answer.status_code == 201
    show = Show.objects.get(slug=answer.json()["slug"])
    assert (show.brand, show.state) == (brand, "scheduled")
    assert [(item.drop_price_minor, item.drop_units) for item in show.lineup.all()] == [(2100, 40)]


def test_a_drop_is_planned_by_lot_and_with_guests_checked(
    brand_staff: User, plan: dict[str, Any], now: datetime
) -> None:
    plan["items"][0] |= {"drop_draw_seconds": 10, "drop_guest_check": True}

    item = Show.objects.get(slug=post(brand_staff, "shows", plan, now).json()["slug"]).lineup.get()

    assert (item.drop_draw_seconds, item.drop_guest_check) == (10, True)


def test_a_draw_lasts_as_long_as_one_of_the_choices(brand_staff: User, plan: dict[str, Any], now: datetime) -> None:
    plan["items"][0]["drop_draw_seconds"] = 7

    assert post(brand_staff, "shows", plan, now).status_code == 422


def test_a_scheduled_show_stands_on_the_home_page(brand_staff: User, plan: dict[str, Any], now: datetime) -> None:
    post(brand_staff, "shows", plan, now)

    assert "Spring table" in Client().get("/").content.decode()


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("starts_at", "2020-01-01T12:00:00Z", "starts_at"),
        ("starts_at", "tomorrow", "starts_at"),
        ("title", "", "title"),
        ("items", [{"product": "no-such-thing"}], "items.0.product"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_whole_and_names_the_field(
    brand_staff: User, plan: dict[str, Any], now: datetime, field: str, value: object, named: str
) -> None:
    answer = post(brand_staff, "shows", plan | {field: value}, now)

    assert answer.status_code == 422
    assert named in answer.json()["error"]["fields"]
    assert not Show.objects.exists()


def test_an_outsider_cannot_plan_with_another_brands_name_or_products(
    brand: Brand, outsider: User, plan: dict[str, Any], now: datetime
) -> None:
    named = post(outsider, "shows", plan | {"brand": brand.slug}, now)
    borrowed = post(outsider, "shows", plan, now)

    assert named.status_code == 404
    assert borrowed.status_code == 422
    assert not Show.objects.exists()


def test_viewers_and_guests_cannot_plan(viewer: Visitor, plan: dict[str, Any], now: datetime) -> None:
    assert post(viewer.user, "shows", plan, now).status_code == 403
    assert post(None, "shows", plan, now).status_code == 401


def test_staff_list_a_product_for_their_own_brand_only(
    brand: Brand, brand_staff: User, outsider: User, now: datetime
) -> None:
    body = {
        "brand": brand.slug,
        "name": "Moss bowl",
        "option_names": ["Size"],
        "variants": [{"sku": "BOWL-S", "price": {"amount": 3200, "currency": "EUR"}, "options": ["S"], "units": 5}],
    }

    answer = post(brand_staff, "products", body, now)

    assert answer.status_code == 201
    assert Client().get(answer.json()["url"]).status_code == 200
    assert post(outsider, "products", body, now).status_code == 404
    assert "slug" in post(brand_staff, "products", body, now).json()["error"]["fields"]
