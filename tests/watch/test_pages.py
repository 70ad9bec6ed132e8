"""The pages around a show: what they print comes from the rows, nothing private is printed, queries do not grow."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.text import slugify

from catalog.models import Brand, Product, Stock, Variant
from catalog.prices import set_price
from livecommerce.accounts.models import User, Visitor
from livecommerce.money import Money
from streams.lineup import pin_item
from streams.models import Drop, Host, LineupItem, Show
from streams.models.show import ShowState
from streams.shows import schedule_show
from tests.conftest import make_product

QUERIES_MAX = 12
# Session, user, visitor, and whether they run a show.
QUERIES_WHO_THEY_ARE = 4


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def plan_show(like: Show, title: str, *, now: datetime) -> Show:
    """Plan another show of the same host, with the same line-up."""
    show = schedule_show(
        brand=like.brand,
        host=like.host,
        title=title,
        slug=slugify(title),
        starts_at=now + timedelta(days=2),
        actor=None,
        now=now,
    )
    for item in like.lineup.all():
        LineupItem.objects.create(show=show, product=item.product, position=item.position)
    return show


def shop_row(variant: Variant) -> Stock:
    return Stock.objects.get(variant=variant, for_drop=False)


def test_home_prints_the_running_sale_in_the_figures_of_the_checkout(client: Client, drop_on_sale: Drop):
    page = text_of(client, "/")

    assert "On sale now" in page
    assert "10 left" in page
    assert "30-day lowest: EUR\xa028.00" in page


def test_home_does_not_light_a_sale_that_is_paused(client: Client, drop_on_sale: Drop, now: datetime):
    Show.objects.update(sales_paused_at=now)

    assert "On sale now" not in text_of(client, "/")


def test_home_names_the_next_show_when_nothing_is_live(client: Client, show: Show):
    page = text_of(client, "/")

    assert "Nothing is live right now." in page
    assert show.title in page


def test_an_empty_installation_still_says_what_will_be_here(client: Client, db: None):
    assert "No show is planned" in text_of(client, "/")
    assert "No past show yet" in text_of(client, "/shows/")


@pytest.mark.parametrize("state", [ShowState.DRAFT, ShowState.ARCHIVED])
def test_a_show_that_is_not_public_is_on_no_page(client: Client, show: Show, host: Host, state: ShowState):
    Show.objects.update(state=state)

    for address in ("/", "/shows/", host.get_absolute_url(), show.brand.get_absolute_url()):
        assert show.title not in text_of(client, address)


def test_the_schedule_can_be_asked_for_one_brand(
    client: Client, show: Show, rival_brand: Brand, host: Host, now: datetime
):
    schedule_show(
        brand=rival_brand,
        host=host,
        title="Linen gets better",
        slug="linen",
        starts_at=now + timedelta(days=1),
        actor=None,
        now=now,
    )

    page = text_of(client, "/shows/?brand=norrfold")

    assert "Linen gets better" in page
    assert show.title not in page


def test_the_schedule_forgives_a_filter_it_does_not_know(client: Client, show: Show):
    assert show.title in text_of(client, "/shows/?brand=nobody&page=99")


def test_a_host_who_is_not_listed_has_no_page(client: Client, host: Host):
    Host.objects.update(is_listed=False)

    assert "Nothing is at this address." in text_of(client, host.get_absolute_url(), status=404)


def test_a_product_that_is_not_listed_has_no_page(client: Client, product: Product):
    Product.objects.update(is_listed=False)

    text_of(client, product.get_absolute_url(), status=404)


def test_a_product_page_holds_the_variant_that_is_chosen(client: Client, product: Product):
    clay = product.variants.get(option_values=["Clay"])

    page = text_of(client, f"{product.get_absolute_url()}?variant={clay.pk}")

    assert f'name="variant" value="{clay.pk}"' in page


def test_a_product_page_ignores_the_variant_of_another_product(
    client: Client, product: Product, variant: Variant, brand: Brand, now: datetime
):
    other = make_product(brand, "Teapot", "POT", ["Sage"], now).variants.get()

    page = text_of(client, f"{product.get_absolute_url()}?variant={other.pk}")

    assert f'name="variant" value="{variant.pk}"' in page


def test_a_variant_that_is_sold_out_cannot_be_bought_and_the_page_names_one_that_can(
    client: Client, product: Product, variant: Variant
):
    row = shop_row(variant)
    Stock.objects.filter(pk=row.pk).update(on_hand=0)

    try:
        page = text_of(client, f"{product.get_absolute_url()}?variant={variant.pk}")
    finally:
        Stock.objects.filter(pk=row.pk).update(on_hand=row.on_hand)

    assert "Sage is sold out. Clay is in stock." in page
    assert 'class="button button--buy' not in page


def test_a_combination_that_does_not_exist_leads_to_the_nearest_that_does(
    client: Client, product: Product, variant: Variant
):
    Product.objects.update(option_names=["Colour", "Size"])
    for each, size in zip(product.variants.order_by("pk"), ("S", "L"), strict=True):
        each.option_values.append(size)
        each.save()

    page = text_of(client, f"{product.get_absolute_url()}?variant={variant.pk}")

    assert "There is no Clay, S. Clay, L is in stock." in page


def test_a_higher_price_says_that_it_was_lower_and_strikes_nothing(
    client: Client, product: Product, variant: Variant, now: datetime
):
    set_price(variant=variant, price=Money(3000, "EUR"), actor=None, now=now - timedelta(days=1))

    page = text_of(client, product.get_absolute_url())

    assert "Lowest of the last 30 days: EUR\xa028.00" in page
    assert "price--earlier" not in page


def test_a_product_in_a_running_drop_leads_into_the_show(client: Client, drop_on_sale: Drop):
    page = text_of(client, drop_on_sale.product.get_absolute_url())

    assert "In the show now: watch and buy" in page


def test_a_brand_page_lists_only_what_the_brand_sells(
    client: Client, product: Product, rival_brand: Brand, now: datetime
):
    make_product(rival_brand, "Linen shirt", "SHIRT", ["White"], now)

    page = text_of(client, product.brand.get_absolute_url())

    assert product.name in page
    assert "Linen shirt" not in page


@pytest.mark.parametrize("name", ["home", "shows", "host", "brand", "product"])
def test_a_page_asks_few_questions_of_the_database(
    client_of,
    viewer: Visitor,
    rival_viewer: Visitor,
    drop_on_sale: Drop,
    now: datetime,
    name: str,
    django_assert_max_num_queries,
):
    show = drop_on_sale.show
    address = {
        "home": reverse("home"),
        "shows": reverse("shows"),
        "host": show.host.get_absolute_url(),
        "brand": show.brand.get_absolute_url(),
        "product": drop_on_sale.product.get_absolute_url(),
    }[name]
    pin_item(show=show, item_id=show.lineup.get().pk, actor=None, now=now)
    plan_show(show, "Advent table", now=now)
    Show.objects.filter(pk=plan_show(show, "Autumn glaze", now=now).pk).update(state=ShowState.REPLAY)
    signed_in, guest = client_of(viewer), client_of(rival_viewer)

    with django_assert_max_num_queries(QUERIES_MAX):
        guest.get(address)
    with django_assert_max_num_queries(QUERIES_MAX + QUERIES_WHO_THEY_ARE):
        signed_in.get(address)


def test_the_theme_is_kept_for_the_next_page(client: Client, db: None):
    answer = client.post("/theme/", {"theme": "dark", "next": "/shows/"})

    assert answer["Location"] == "/shows/"
    assert 'data-theme="dark"' in text_of(client, "/")


def test_the_theme_can_go_back_to_what_the_device_wants(client: Client, db: None):
    client.post("/theme/", {"theme": "dark"})
    client.post("/theme/", {"theme": ""})

    assert "data-theme" not in text_of(client, "/")


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_choosing_a_theme_leads_nowhere_else(client: Client, db: None, address: str):
    assert client.post("/theme/", {"theme": "dark", "next": address})["Location"] == "/"


@pytest.mark.parametrize(
    "address", ["/account/login/", "/account/signup/", "/account/login/code/", "/account/password/reset/"]
)
def test_the_doors_of_an_account_open(client: Client, db: None, address: str):
    assert "<h1" in text_of(client, address)


def test_a_new_account_keeps_the_name_that_others_see(client: Client, db: None):
    client.post("/account/signup/", {"name": "Ana L.", "email": "ana@example.test", "password1": "three-small-cups"})

    assert User.objects.get(email="ana@example.test").name == "Ana L."


def test_the_error_of_the_last_resort_needs_no_database_and_no_script():
    from django.template.loader import render_to_string

    page = render_to_string("500.html")

    assert "What you hold and what you paid is kept." in page
    assert "<script" not in page
