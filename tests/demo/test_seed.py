"""The demo's shop: complete after one seeding, unchanged after another."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth import authenticate
from django.contrib.staticfiles import finders
from django.db.models import Count

from catalog.models import Brand, Product, ProductImage, StockEntry
from checkout.models import Code
from livecommerce.accounts.models import User
from livecommerce.demo import story
from livecommerce.demo.seed import seed_demo
from streams.models import Host, LineupItem, Show
from streams.shows import end_show, go_live

pytestmark = pytest.mark.django_db


def counts() -> list[int]:
    return [model.objects.count() for model in (User, Brand, Code, Product, Host, Show, LineupItem, StockEntry)]


def test_the_shop_has_what_the_contract_promises(now: datetime):
    seed_demo(now=now)

    assert Brand.objects.count() >= 3
    assert Host.objects.count() >= 4
    assert Product.objects.annotate(sold=Count("variants")).filter(sold__gt=0).count() >= 12
    states = dict(Show.objects.values_list("slug", "state"))
    assert states[story.LIVE] == states[story.COMING_UP] == Show.State.SCHEDULED
    assert states[story.LAST_WEEK] == Show.State.REPLAY


def test_table4_takes_four_euros_off_for_a_hundred_orders(now: datetime):
    seed_demo(now=now)

    code = Code.objects.get(brand__slug="kiln-kettle")
    assert (code.text, code.offer, code.left, code.is_over(now)) == ("TABLE4", "EUR\u00a04.00 off", 100, False)


@pytest.mark.parametrize("person", ["viewer", "host", "team", "brand", "rival", "admin"])
def test_everyone_of_the_story_can_sign_in(person: str, now: datetime):
    seed_demo(now=now)

    assert authenticate(username=f"{person}@demo.test", password=story.PASSWORD) is not None


def test_the_two_brand_people_work_for_different_brands(now: datetime):
    seed_demo(now=now)

    brands = [set(Brand.objects.of_staff(User.objects.get(email=email).pk)) for email in story.STAFF]

    assert all(brands)
    assert brands[0].isdisjoint(brands[1])


def test_seeding_again_changes_nothing(now: datetime):
    seed_demo(now=now)
    before = counts()

    seed_demo(now=now + timedelta(minutes=5))

    assert counts() == before


def test_a_show_that_is_over_makes_room_for_the_next_one_under_its_address(now: datetime):
    first = seed_demo(now=now)
    go_live(show=first, actor=first.host.user, now=now, picture_needed=False)
    end_show(show=first, actor=first.host.user, now=now + timedelta(hours=1))

    second = seed_demo(now=now + timedelta(hours=2))

    first.refresh_from_db()
    assert second.pk != first.pk
    assert (second.slug, first.slug) == (story.LIVE, f"{story.LIVE}-{first.pk}")
    assert second.lineup.count() == len(story.LINEUP)


def test_every_picture_of_the_story_is_drawn(now: datetime):
    seed_demo(now=now)

    drawn = {art for model in (ProductImage, Brand, Host, Show) for art in model.objects.values_list("art", flat=True)}

    assert {art for art in drawn if not finders.find(art)} == set()


def test_the_planned_drops_are_below_the_shelf_price(now: datetime):
    show = seed_demo(now=now)

    for item in show.lineup.exclude(drop_price_minor=None):
        assert item.drop_price_minor < min(item.product.variants.values_list("price_minor", flat=True)) + 400
