"""The show page as the server writes it: useful before any script has run, and in every state of a show."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from catalog.models import Product, Variant
from chat.messages import Draft, Posted, delete_message, post_message
from checkout.holds import place_hold
from livecommerce.accounts.models import User, Visitor
from livecommerce.accounts.viewer import Viewer
from livecommerce.realtime import feed
from livecommerce.watch import scene_cache
from streams.drops import close_drop, pause_drops
from streams.lineup import pin_item, unpin_item
from streams.models import Drop, Host, LineupItem, PackRun, Segment, Show
from streams.shows import cancel_show, end_show, interrupt_show, publish_replay, schedule_show

ClientOf = Callable[[Visitor | User], Client]
Counts = Any
ADDRESS = "/shows/winter-table/"
QUERIES_MAX = 12


@pytest.fixture(autouse=True)
def no_kept_scenes() -> None:
    """What one test composed is no business of the next."""
    scene_cache.forget_scenes()


def boot_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="show-boot" type="application/json">(.*?)</script>', page)
    assert found
    boot: dict[str, Any] = json.loads(found[1])
    return boot


def card_of(page: str) -> str:
    """The first card on the stage; the one in <template> comes later."""
    found = re.search(r"<drop-card .*?</drop-card>", page, re.DOTALL)
    assert found
    return found[0]


def stage_of(page: str) -> str:
    return page.split('<template id="card-template">', maxsplit=1)[0]


def face_of(page: str) -> str:
    """Which face of the curtain is turned to the viewer."""
    shown = re.findall(r'data-face="(\w+)">', page)
    assert len(shown) <= 1
    return shown[0] if shown else ""


def say(show: Show, author: Viewer, text: str, now: datetime) -> Posted:
    draft = Draft.arrived(author=author, text=text, key=uuid4().hex, seen_ms=None, now=now)
    return post_message(show_id=show.pk, draft=draft)


def film(show: Show, now: datetime, *, rehearsal: bool = False) -> None:
    run = PackRun.objects.create(show=show, token="0" * 32, mode="copy", started_at=now)
    Segment.objects.create(
        show=show,
        run=run,
        seq=0,
        programme_at=now,
        duration_ms=2000,
        size=4,
        name="0-a.m4s",
        init_name="init.mp4",
        rehearsal=rehearsal,
    )


def test_a_drop_on_sale_is_on_the_page_before_any_script(client: Client, drop_on_sale: Drop):
    card = card_of(client.get(ADDRESS).text)

    assert 'data-state="open"' in card
    assert "On sale now" in card
    assert "10 left" in card
    assert "Max 2 per person" in card
    assert re.search(r"EUR</span> <span[^>]*>21\.00", card)


def test_one_variant_is_held_by_a_plain_form(client: Client, drop_on_sale: Drop, variant: Variant):
    card = card_of(client.get(ADDRESS).text)

    assert 'method="post" action="/cart/hold/"' in card
    assert f'name="drop" value="{drop_on_sale.pk}"' in card
    assert f'name="variant" value="{variant.pk}"' in card


def test_several_variants_are_chosen_on_the_sheet(
    client: Client, live_show: Show, lineup_item: LineupItem, host: Host, now: datetime
):
    pin_item(show=live_show, item_id=lineup_item.pk, actor=host.user, now=now)

    card = card_of(client.get(ADDRESS).text)

    assert f'method="get" action="{ADDRESS}"' in card
    assert f'name="sheet" value="{lineup_item.pk}"' in card


def test_the_sheet_offers_the_drop_and_the_shop_at_their_own_prices(
    client: Client, drop_on_sale: Drop, product: Product, lineup_item: LineupItem
):
    dropped, plain = product.variants.order_by("position")[:2]

    in_drop = client.get(ADDRESS, {"sheet": str(lineup_item.pk), "variant": str(dropped.pk), "part": "sheet"}).text
    in_shop = client.get(ADDRESS, {"sheet": str(lineup_item.pk), "variant": str(plain.pk), "part": "sheet"}).text

    assert "21.00" in in_drop
    assert f'name="drop" value="{drop_on_sale.pk}"' in in_drop
    assert "28.00" in in_shop
    assert 'name="drop" value=""' in in_shop
    assert "<html" not in in_shop


@pytest.mark.parametrize(("ends_in", "words"), [(60, "Enter"), (-1, "Being drawn")])
def test_a_draw_is_asked_into_from_plain_forms(
    client: Client, drop_on_sale: Drop, lineup_item: LineupItem, now: datetime, ends_in: int, words: str
):
    ends_at = now + timedelta(seconds=ends_in)
    Drop.objects.filter(pk=drop_on_sale.pk).update(draw_seconds=90, draw_ends_at=ends_at)

    card = card_of(client.get(ADDRESS).text)
    sheet = client.get(ADDRESS, {"sheet": str(lineup_item.pk), "part": "sheet"}).text

    for part in (card, sheet):
        (button,) = re.findall(r"<button [^>]*data-slot=.button.[^>]*>[^<]*</button>", part)
        assert ("disabled" in button) == (ends_in < 0)
    assert words in card
    assert words in sheet
    assert (f'name="drop" value="{drop_on_sale.pk}"' in card) == (ends_in > 0)


def test_the_sheet_has_an_address_of_its_own(client: Client, drop_on_sale: Drop, lineup_item: LineupItem):
    page = client.get(ADDRESS, {"sheet": str(lineup_item.pk)}).text

    assert re.search(r'<dialog class="sheet sheet--product"[^>]* open>', page)


def test_a_sheet_of_another_show_is_not_there(client: Client, drop_on_sale: Drop):
    assert client.get(ADDRESS, {"sheet": "999999", "part": "sheet"}).status_code == 404


def test_what_is_held_is_on_the_page_of_its_buyer_only(
    client: Client, client_of: ClientOf, viewer: Visitor, drop_on_sale: Drop, variant: Variant, now: datetime
):
    place_hold(buyer_id=viewer.pk, drop_id=drop_on_sale.pk, variant_id=variant.pk, quantity=2, key="k", now=now)

    mine, other = client_of(viewer).get(ADDRESS).text, client.get(ADDRESS).text

    assert "Held for you" in card_of(mine)
    assert "Bag, 2 held for you" in mine
    assert "Held for you" not in card_of(other)
    assert "8 left" in card_of(other)
    assert boot_of(other)["you"]["holds"] == []


def test_a_paused_drop_stands_and_cannot_be_bought(client: Client, live_show: Show, drop_on_sale: Drop, now: datetime):
    pause_drops(show=live_show, now=now)

    card = card_of(client.get(ADDRESS).text)

    assert 'data-state="paused"' in card
    assert re.search(r'data-slot="button"[^>]* disabled>Buy', card)


def test_what_was_said_last_is_there_and_what_was_deleted_is_not(
    client: Client, live_show: Show, viewer: Visitor, moderator: User, now: datetime
):
    ana = Viewer(visitor_id=viewer.pk, name="Ana")
    say(live_show, ana, "<b>Hello</b> Noor", now)
    bad = say(live_show, ana, "Buy my things", now + timedelta(seconds=30))
    delete_message(show=live_show, message_id=bad.id, actor=moderator, now=now)

    page = stage_of(client.get(ADDRESS).text)

    assert "&lt;b&gt;Hello&lt;/b&gt; Noor" in page
    assert "Buy my things" not in page


def test_a_page_before_the_show_counts_down(client: Client, show: Show, lineup_item: LineupItem):
    page = client.get(ADDRESS).text

    assert face_of(page) == "upcoming"
    assert f'data-until="{feed.milliseconds(show.starts_at)}"' in page
    assert "Stoneware cup" in page
    assert "<drop-card" not in stage_of(page)


def test_an_interrupted_show_keeps_its_page_and_says_until_when(client: Client, live_show: Show, now: datetime):
    interrupt_show(show=live_show, now=now)

    page = client.get(ADDRESS).text

    assert face_of(page) == "interrupted"
    assert "Noor is reconnecting" in page
    assert "All timers are paused" in page


def test_an_ended_show_says_what_comes_next(client: Client, live_show: Show, brand: Any, host: Host, now: datetime):
    coming = schedule_show(
        brand=brand,
        host=host,
        title="First pressing",
        slug="first-pressing",
        starts_at=now + timedelta(days=2),
        actor=host.user,
        now=now,
    )
    end_show(show=live_show, actor=host.user, now=now)

    page = client.get(ADDRESS).text

    assert face_of(page) == "ended"
    assert coming.get_absolute_url() in page


def test_a_replay_has_its_products_as_chapters_at_todays_price(
    client: Client, live_show: Show, lineup_item: LineupItem, host: Host, now: datetime
):
    film(live_show, now)
    pin_item(show=live_show, item_id=lineup_item.pk, actor=host.user, now=now + timedelta(minutes=5))
    unpin_item(show=live_show, item_id=lineup_item.pk, now=now + timedelta(minutes=9))
    end_show(show=live_show, actor=host.user, now=now + timedelta(minutes=60))
    live_show.refresh_from_db()
    publish_replay(show=live_show, actor=host.user, now=now + timedelta(minutes=61))

    page = client.get(ADDRESS).text

    assert face_of(page) == ""
    assert re.search(rf'class="chapter"[^>]*data-item="{lineup_item.pk}"', page)
    assert "5:00" in page
    assert "Buy Stoneware cup, EUR 28.00" in page
    assert 'src="/live/winter-table/vod.m3u8"' in page


def test_a_past_show_that_nobody_filmed_offers_no_picture(client: Client, live_show: Show, host: Host, now: datetime):
    film(live_show, now, rehearsal=True)
    end_show(show=live_show, actor=host.user, now=now)
    live_show.refresh_from_db()
    publish_replay(show=live_show, actor=host.user, now=now)

    page = client.get(ADDRESS).text

    assert face_of(page) == "ended"
    assert "vod.m3u8" not in page
    assert "<replay-chapters" not in page


def test_a_cancelled_show_says_so(client: Client, show: Show, host: Host, now: datetime):
    cancel_show(show=show, actor=host.user, now=now)

    assert face_of(client.get(ADDRESS).text) == "cancelled"


@pytest.mark.parametrize("state", [Show.State.DRAFT, Show.State.ARCHIVED])
def test_a_draft_is_not_found_even_by_its_own_team(
    client: Client, client_of: ClientOf, show: Show, host: Host, outsider: User, state: str
):
    Show.objects.filter(pk=show.pk).update(state=state)

    for browser in (client, client_of(host.user), client_of(outsider)):
        assert browser.get(ADDRESS).status_code == 404


def test_an_ended_drop_leaves_the_normal_price(
    client: Client, live_show: Show, lineup_item: LineupItem, drop_on_sale: Drop, host: Host, now: datetime
):
    pin_item(show=live_show, item_id=lineup_item.pk, actor=host.user, now=now)
    close_drop(drop=drop_on_sale, now=now)

    card = card_of(client.get(ADDRESS).text)

    assert "The drop is over" in card
    assert "EUR 28.00 again" in card


def test_the_page_starts_from_the_feed_it_was_written_at(client: Client, live_show: Show, drop_on_sale: Drop):
    boot = boot_of(client.get(ADDRESS).text)

    assert (boot["epoch"], boot["seq"]) == feed.head(live_show.pk)
    assert boot["drops"][0]["id"] == drop_on_sale.pk
    assert boot["stock"][f"stock:{drop_on_sale.pk}"]["left"] == 10


def test_a_page_is_never_kept_by_a_cache_and_needs_no_inline_code(client: Client, drop_on_sale: Drop):
    answer = client.get(ADDRESS)

    assert "no-store" in answer.headers["Cache-Control"]
    assert not re.search(r"<[^>]+ (style|on\w+)=", answer.text)


def test_the_next_viewer_costs_a_dozen_queries_at_most(
    client: Client, drop_on_sale: Drop, django_assert_max_num_queries: Counts
):
    Client().get(ADDRESS)

    with django_assert_max_num_queries(QUERIES_MAX):
        client.get(ADDRESS)


def test_another_site_may_frame_the_embedded_page_and_no_other(client: Client, live_show: Show):
    inside = client.get("/embed/winter-table/")
    own = client.get(ADDRESS)

    assert inside.status_code == own.status_code == 200
    assert "frame-ancestors *" in inside.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in inside.headers
    assert "site-head" not in inside.text
    assert "frame-ancestors 'none'" in own.headers["Content-Security-Policy"]
    assert own.headers["X-Frame-Options"] == "DENY"
