"""What a show page asks of the database in a process that has kept nothing: a dozen queries, in every state."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from checkout.holds import place_hold
from livecommerce import snapshot
from livecommerce.accounts.models import Visitor
from livecommerce.money import Money
from livecommerce.watch import scene_cache
from streams.drops import announce_drop, pause_drops
from streams.lineup import add_to_lineup, pin_item
from streams.models import Drop, Host, LineupItem, Show
from streams.shows import cancel_show, end_show, interrupt_show, publish_replay, schedule_show
from tests.conftest import make_product

ADDRESS = "/shows/winter-table/"
SNAPSHOT = "/api/v1/shows/winter-table/snapshot"
QUERIES_MAX = 12
ROOM_QUERIES_MAX = 7


@pytest.fixture
def guest(client_of: Callable[[Visitor], Client], rival_viewer: Visitor) -> Client:
    """Ben's browser: his cookie is known, he never signed in."""
    return client_of(rival_viewer)


@pytest.fixture
def full_show(live_show: Show, lineup_item: LineupItem, drop_on_sale: Drop, host: Host, now: datetime) -> Show:
    """On air with three products, two pins, two drops side by side and a show that comes after it."""
    items = [lineup_item]
    for name, sku in (("Serving bowl", "BOWL"), ("Salt pig", "SALT")):
        made = make_product(live_show.brand, name, sku, ["Sage", "Clay"], now)
        items.append(add_to_lineup(show=live_show, product=made))
    for item in items[:2]:
        pin_item(show=live_show, item_id=item.pk, actor=host.user, now=now)
    announce_drop(
        show=live_show,
        items=[(variant, 5) for variant in items[1].product.variants.all()],
        price=Money(1900, "EUR"),
        per_buyer=1,
        opens_in=0,
        window=600,
        actor=host.user,
        now=now,
        alongside=True,
    )
    schedule_show(
        brand=live_show.brand,
        host=host,
        title="First pressing",
        slug="first-pressing",
        starts_at=now + timedelta(days=2),
        actor=host.user,
        now=now,
    )
    return live_show


def cold_queries(browser: Client, address: str) -> int:
    """Ask as the first request of a process does."""
    scene_cache.forget_scenes()
    snapshot.forget_copies()
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(address).status_code == 200
    return len(asked)


def test_a_live_show_with_pins_and_open_drops(guest: Client, full_show: Show):
    assert cold_queries(guest, ADDRESS) <= QUERIES_MAX


def test_a_live_show_for_someone_who_holds_a_unit(
    guest: Client, full_show: Show, drop_on_sale: Drop, rival_viewer: Visitor, now: datetime
):
    place_hold(buyer_id=rival_viewer.pk, drop_id=drop_on_sale.pk, quantity=1, key="k", now=now)

    assert cold_queries(guest, ADDRESS) <= QUERIES_MAX


def test_a_paused_show(guest: Client, full_show: Show, now: datetime):
    pause_drops(show=full_show, now=now)

    assert cold_queries(guest, ADDRESS) <= QUERIES_MAX


def test_an_upcoming_show_of_which_nothing_was_told_yet(guest: Client, show: Show, lineup_item: LineupItem):
    assert cold_queries(guest, ADDRESS) <= QUERIES_MAX


def test_an_interrupted_show(guest: Client, full_show: Show, now: datetime):
    interrupt_show(show=full_show, now=now)

    assert cold_queries(guest, ADDRESS) <= QUERIES_MAX


def test_an_ended_show_and_its_replay(guest: Client, full_show: Show, host: Host, now: datetime):
    ended = end_show(show=full_show, actor=host.user, now=now + timedelta(minutes=60))

    assert cold_queries(guest, ADDRESS) <= QUERIES_MAX

    publish_replay(show=ended, actor=host.user, now=now + timedelta(minutes=61))

    assert cold_queries(guest, ADDRESS) <= QUERIES_MAX


def test_a_cancelled_show(guest: Client, show: Show, lineup_item: LineupItem, host: Host, now: datetime):
    cancel_show(show=show, actor=host.user, now=now)

    assert cold_queries(guest, ADDRESS) <= QUERIES_MAX


def test_a_first_visit_adds_the_visitors_own_row_only(client: Client, guest: Client, full_show: Show):
    known = cold_queries(guest, ADDRESS)

    assert cold_queries(client, ADDRESS) <= known + 1


def test_the_snapshot_and_the_hubs_room(guest: Client, full_show: Show):
    assert cold_queries(guest, SNAPSHOT) <= QUERIES_MAX

    with CaptureQueriesContext(connection) as asked:
        snapshot.room_source(full_show.pk)
    assert len(asked) <= ROOM_QUERIES_MAX
