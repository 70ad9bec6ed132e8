"""The queue of a sold-out drop without scripts: its buttons are forms, and the card says where one stands."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from catalog.models import Variant
from checkout.holds import place_hold
from checkout.models import QueuePlace
from livecommerce.accounts.models import Visitor
from livecommerce.watch import scene_cache
from streams.models import Drop, Show

ClientOf = Callable[[Visitor], Client]
SHOW = "/shows/winter-table/"


@pytest.fixture(autouse=True)
def no_kept_scenes() -> None:
    scene_cache.forget_scenes()


@pytest.fixture
def sold_out(drop_on_sale: Drop, variant: Variant, now: datetime) -> Drop:
    """Ten units, held two by two."""
    for _ in range(5):
        somebody = Visitor.objects.create(created_at=now)
        place_hold(buyer_id=somebody.pk, drop_id=drop_on_sale.pk, variant_id=variant.pk, quantity=2, key="all", now=now)
    return drop_on_sale


def press(browser: Client, word: str) -> str:
    """Send the form of the card's button as a browser without scripts does, and return the page it leads to."""
    page = browser.get(SHOW).text
    found = re.search(
        rf'<form [^>]*method="post" action="([^"]+/queue/[^"]+)">(?:(?!</form>).)*>{word}</button>', page, re.S
    )
    assert found, f"no {word} to press"
    return browser.post(found[1], follow=True).text


def test_one_joins_the_queue_and_leaves_it_again(client_of: ClientOf, viewer: Visitor, sold_out: Drop) -> None:
    browser = client_of(viewer)

    joined = press(browser, "Join queue")

    assert "You are 1st of 1 in the queue." in joined
    scene_cache.forget_scenes()
    left = press(browser, "Leave")
    assert "Join queue" in left
    assert not QueuePlace.objects.active().exists()


def test_who_need_not_queue_is_told_so(client: Client, drop_on_sale: Drop) -> None:
    told = client.post(f"/drops/{drop_on_sale.pk}/queue/join/", follow=True).text

    assert "Something is left: hold it, there is no need to queue." in told


def test_a_drop_of_a_show_that_is_not_public_has_no_queue(client: Client, sold_out: Drop) -> None:
    Show.objects.update(state=Show.State.DRAFT)

    assert client.post(f"/drops/{sold_out.pk}/queue/join/").status_code == 404
    assert not QueuePlace.objects.exists()
