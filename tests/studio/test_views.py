"""The Studio's pages and presses: the team finds them, everyone else a 404; a press answers scripts and plain forms."""

from datetime import timedelta

import pytest
from django.test import Client

from chat.messages import Draft, post_message
from chat.models import Message, Mute
from livecommerce.accounts.viewer import Viewer
from streams.lineup import pin_item
from streams.models import Drop, LineupItem, Pin, Show

pytestmark = pytest.mark.django_db

PANELS = ["head", "health", "rundown", "on-air", "next-drop", "sales", "team", "remote", "checks"]


@pytest.fixture
def desk(client_of, host) -> Client:
    return client_of(host.user)


def press(client, show, act, **fields):
    return client.post(f"/studio/{show.slug}/acts/{act}/", fields, headers={"Accept": "application/json"})


def planned(item: LineupItem, units=10) -> LineupItem:
    item.drop_price_minor, item.drop_units, item.drop_per_buyer = 2100, units, 2
    item.save()
    return item


def test_the_list_shows_the_shows_one_works_in(client_of, host, outsider, show):
    assert show.title in client_of(host.user).get("/studio/").content.decode()
    assert show.title not in client_of(outsider).get("/studio/").content.decode()


def test_a_stranger_signs_in_first(client, show):
    for address in ("/studio/", f"/studio/{show.slug}/"):
        assert client.get(address).headers["Location"].startswith("/account/login/")


def test_an_outsider_and_a_viewer_find_nothing(client_of, outsider, viewer, live_show):
    for person in (outsider, viewer):
        client = client_of(person)
        assert client.get(f"/studio/{live_show.slug}/").status_code == 404
        assert client.get(f"/studio/{live_show.slug}/panels/sales/").status_code == 404
        assert press(client, live_show, "end").status_code == 404
    live_show.refresh_from_db()
    assert live_show.state == Show.State.LIVE


@pytest.mark.parametrize("person", ["moderator", "brand_staff"])
def test_the_chat_team_and_the_brand_are_of_the_team(request, client_of, live_show, person):
    assert client_of(request.getfixturevalue(person)).get(f"/studio/{live_show.slug}/").status_code == 200


def test_before_the_show_the_page_helps_to_go_live(desk, show, lineup_item):
    page = desk.get(f"/studio/{show.slug}/").content.decode()

    assert "Before you go live" in page
    assert "No picture arrives yet" in page
    assert "rtmp://" in page


def test_after_the_show_the_page_says_what_it_sold(desk, live_show):
    press(desk, live_show, "end")

    page = desk.get(f"/studio/{live_show.slug}/").content.decode()

    assert "paid orders only" in page
    assert "on air for" in page


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_can_be_asked_for_again(desk, drop_on_sale, panel):
    answer = desk.get(f"/studio/{drop_on_sale.show.slug}/panels/{panel}/")

    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()


def test_an_unknown_panel_or_act_is_not_there(desk, live_show):
    assert desk.get(f"/studio/{live_show.slug}/panels/nothing/").status_code == 404
    assert press(desk, live_show, "nothing").status_code == 404
    assert desk.get(f"/studio/{live_show.slug}/acts/next/").status_code == 405


def test_a_whole_running_show_costs_few_queries(desk, drop_on_sale, django_assert_max_num_queries):
    with django_assert_max_num_queries(50):
        desk.get(f"/studio/{drop_on_sale.show.slug}/")


def test_next_item_pins_what_is_next(desk, live_show, lineup_item):
    answer = press(desk, live_show, "next")

    assert answer.json()["done"] == "Stoneware cup is on the picture."
    assert Pin.objects.open().get().item == lineup_item


def test_a_plain_form_comes_back_to_the_page_with_words(desk, live_show, lineup_item):
    answer = desk.post(f"/studio/{live_show.slug}/acts/pin/", {"item": lineup_item.pk}, follow=True)

    assert answer.redirect_chain[-1][0] == f"/studio/{live_show.slug}/"
    assert "Stoneware cup is pinned." in answer.content.decode()


def test_a_refused_press_says_why_in_words(desk, live_show):
    answer = press(desk, live_show, "pin", item=4711)

    assert answer.status_code == 404
    assert answer.json()["error"]["message"]
    assert press(desk, live_show, "pin", item="abc").status_code == 422


def test_pin_and_unpin(desk, live_show, lineup_item):
    press(desk, live_show, "pin", item=lineup_item.pk)
    press(desk, live_show, "unpin", item=lineup_item.pk)

    assert not Pin.objects.open().exists()


def test_a_drop_starts_from_its_plan_and_only_one_runs_at_a_time(desk, live_show, lineup_item):
    planned(lineup_item)

    started = press(desk, live_show, "start-drop", item=lineup_item.pk, opens_in=30)

    assert started.status_code == 200
    drop = Drop.objects.get()
    assert drop.price_minor == 2100
    assert sum(item.units for item in drop.items.all()) == 10
    again = press(desk, live_show, "start-drop", item=lineup_item.pk, opens_in=30)
    assert again.status_code == 409
    panel = desk.get(f"/studio/{live_show.slug}/panels/next-drop/").content.decode()
    assert "One drop at a time" in panel
    assert "disabled" in panel


def test_a_drop_keeps_to_its_plan_by_lot_and_with_guests_checked(desk, live_show, lineup_item):
    lineup_item.drop_draw_seconds, lineup_item.drop_guest_check = 10, True
    planned(lineup_item)
    plan = desk.get(f"/studio/{live_show.slug}/panels/next-drop/").content.decode()
    assert "first 10 s" in plan
    assert "checked" in plan

    press(desk, live_show, "start-drop", item=lineup_item.pk, opens_in=30)

    drop = Drop.objects.get()
    assert (drop.draw_seconds, bool(drop.guest_check)) == (10, True)
    assert "by lot among the first 10 s" in desk.get(f"/studio/{live_show.slug}/panels/on-air/").content.decode()


@pytest.mark.parametrize(
    ("ends_in", "drawn", "words"),
    [(60, False, "0 in the draw"), (-1, False, "being drawn"), (-1, True, "drawn by lot")],
)
def test_the_host_sees_where_a_draw_stands(desk, drop_on_sale, now, ends_in, drawn, words):
    ends_at = now + timedelta(seconds=ends_in)
    moments = {"draw_seconds": 90, "draw_ends_at": ends_at, "drawn_at": ends_at if drawn else None}
    Drop.objects.filter(pk=drop_on_sale.pk).update(**moments)

    assert words in desk.get(f"/studio/{drop_on_sale.show.slug}/panels/on-air/").content.decode()


def test_an_announced_drop_can_be_called_off_and_started_again(desk, live_show, lineup_item):
    planned(lineup_item)
    press(desk, live_show, "start-drop", item=lineup_item.pk, opens_in=30)
    page = desk.get(f"/studio/{live_show.slug}/panels/on-air/").content.decode()
    assert "Call off" in page
    assert "<go-clock" in page

    press(desk, live_show, "close-drop", drop=Drop.objects.get().pk)

    assert "Run again" in desk.get(f"/studio/{live_show.slug}/panels/next-drop/").content.decode()
    assert press(desk, live_show, "start-drop", item=lineup_item.pk, opens_in=30).status_code == 200


def test_an_item_without_a_plan_cannot_be_dropped(desk, live_show, lineup_item):
    answer = press(desk, live_show, "start-drop", item=lineup_item.pk, opens_in=30)

    assert answer.json()["error"]["code"] == "drop.no_plan"


def test_a_running_drop_is_lit_and_shows_its_units(desk, drop_on_sale):
    page = desk.get(f"/studio/{drop_on_sale.show.slug}/panels/on-air/").content.decode()

    assert "panel--lit" in page
    assert "Left of 10" in page
    assert "End drop early" in page


def test_paused_sales_turn_the_lamp_off_and_can_go_on(desk, drop_on_sale):
    show = drop_on_sale.show
    press(desk, show, "pause-sales")

    page = desk.get(f"/studio/{show.slug}/panels/on-air/").content.decode()
    assert "panel--lit" not in page
    assert "the clock stands" in page
    assert "Go on selling" in page
    press(desk, show, "resume-sales")
    assert "panel--lit" in desk.get(f"/studio/{show.slug}/panels/on-air/").content.decode()


def test_the_team_writes_as_itself(desk, client_of, moderator, live_show):
    press(desk, live_show, "say", text="Hello all", key="k1")
    press(desk, live_show, "say", text="Hello all", key="k1")
    press(client_of(moderator), live_show, "say", text="Hi", key="k1")

    assert list(Message.objects.order_by("seq").values_list("text", "role")) == [
        ("Hello all", "host"),
        ("Hi", "moderator"),
    ]


def test_delete_and_mute_can_be_undone(desk, live_show, rival_viewer, now):
    author = Viewer(visitor_id=rival_viewer.pk, name="Ben")
    draft = Draft.arrived(author=author, text="spam", key="k", seen_ms=None, now=now)
    posted = post_message(show_id=live_show.pk, draft=draft)

    deleted = press(desk, live_show, "delete", message=posted.id).json()
    muted = press(desk, live_show, "mute", viewer=rival_viewer.public_id).json()

    assert deleted["undo"] == {"act": "restore", "message": posted.id}
    assert Message.objects.visible().count() == 0
    assert "Ben" in desk.get(f"/studio/{live_show.slug}/panels/team/").content.decode()
    for undo in (deleted["undo"], muted["undo"]):
        press(desk, live_show, undo.pop("act"), **undo)
    assert Message.objects.visible().count() == 1
    assert Mute.objects.get().lifted_at is not None


def test_messages_are_text_and_never_markup(desk, live_show, rival_viewer, now):
    author = Viewer(visitor_id=rival_viewer.pk, name="<b>Ben</b>")
    draft = Draft.arrived(author=author, text="<script>alert(1)</script>", key="k", seen_ms=None, now=now)
    post_message(show_id=live_show.pk, draft=draft)

    page = desk.get(f"/studio/{live_show.slug}/").content.decode()

    assert "<script>alert(1)" not in page
    assert "<b>Ben</b>" not in page


def test_a_new_key_replaces_the_old_one(desk, show):
    from streams.video.ingest import stream_key

    before = stream_key(show)
    press(desk, show, "new-key")

    assert stream_key(show) != before


def test_the_rundown_says_how_far_over_it_is(desk, live_show, lineup_item, host, now):
    started = now - timedelta(minutes=10)
    Show.objects.filter(pk=live_show.pk).update(live_started_at=started)
    live_show.refresh_from_db()
    pin_item(show=live_show, item_id=lineup_item.pk, actor=host.user, now=started + timedelta(seconds=11))

    page = desk.get(f"/studio/{live_show.slug}/panels/rundown/").content.decode()

    assert 'late="11"' in page
    assert "over" in page


def test_a_pin_beside_a_running_drop_keeps_its_own_unpin(desk, drop_on_sale, lineup_item, brand, host, now):
    from streams.lineup import add_to_lineup
    from tests.conftest import make_product

    show = drop_on_sale.show
    other = add_to_lineup(show=show, product=make_product(brand, "Tea tin", "TEA", ["Green"], now))
    pin_item(show=show, item_id=other.pk, actor=host.user, now=now)

    page = desk.get(f"/studio/{show.slug}/panels/on-air/").content.decode()

    assert "Stoneware cup" in page
    assert "Tea tin" in page
    assert page.count("acts/unpin/") == 1
    assert "pinned for" not in page
