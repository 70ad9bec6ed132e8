"""Codes on the picture: dropped by the team, told to everyone in the show with how many are left."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from catalog.models import Brand
from checkout.codes import CodeNotFound, CodeNotYet, CodeOfAnotherShow, CodeOver, drop_code, write_code
from checkout.models import Code, CodeDrop, Hold
from livecommerce.accounts.models import User, Visitor
from livecommerce.realtime import feed, roads
from livecommerce.realtime.news import RoomNews
from livecommerce.snapshot import room_source
from streams.lineup import ShowIsOver
from streams.models import Host, Show
from streams.shows import end_show
from tests.checkout.conftest import OrderUnits, code_of, pay

Card = dict[str, object]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[RoomNews]:
    """What leaves for rooms."""
    news: list[RoomNews] = []
    monkeypatch.setattr(roads, "to_room", news.append)
    return news


def card_in_snapshot(show: Show, code: Code) -> tuple[int, Card]:
    return room_source(show.pk)[1][f"code:{code.pk}"]


def test_a_dropped_code_is_an_event_and_a_state_of_its_show(
    live_show: Show, host: Host, table4: Code, now: datetime
) -> None:
    dropped = drop_code(show=live_show, typed="table4", actor=host.user, now=now)

    version, card = card_in_snapshot(live_show, table4)
    assert (card["text"], card["offer"], card["left"], card["uses"], card["over"]) == (
        "TABLE4", "EUR\u00a04 off", 100, 100, False,
    )  # fmt: skip
    [event] = feed.newest(live_show.pk, (("code.dropped",), 9))[0]
    assert event["code"] == card
    assert card["programme_at"] == round(dropped.programme_at.timestamp() * 1000)
    assert version == 0


def test_dropping_it_again_changes_nothing(live_show: Show, host: Host, table4: Code, now: datetime) -> None:
    first = drop_code(show=live_show, typed="TABLE4", actor=host.user, now=now)

    assert drop_code(show=live_show, typed="TABLE4", actor=host.user, now=now + timedelta(minutes=1)) == first
    assert len(feed.newest(live_show.pk, (("code.dropped",), 9))[0]) == 1


def test_what_is_left_is_told_after_each_commit_that_changes_it(
    live_show: Show, host: Host, viewer: Visitor, held: Hold, table4: Code, order_units: OrderUnits, now: datetime,
    django_capture_on_commit_callbacks: Callable, told: list[RoomNews],
) -> None:  # fmt: skip
    drop_code(show=live_show, typed="TABLE4", actor=host.user, now=now)
    seen = []

    for act in (
        lambda: order_units(viewer, held, codes=["TABLE4"]),
        lambda: order_units(viewer, held),
        lambda: write_code(code=Code(**{**vars_of(table4), "is_active": False})),
    ):
        told.clear()
        with django_capture_on_commit_callbacks(execute=True):
            act()
        states = [state for news in told for key, state in (news.state or {}).items() if key == f"code:{table4.pk}"]
        seen.append(states)

    versions = [version for states in seen for version, _ in states]
    assert versions == sorted(set(versions))
    assert [b'"left":99' in seen[0][-1][1], b'"left":100' in seen[1][-1][1], b'"over":true' in seen[2][-1][1]] == [
        True
    ] * 3
    assert card_in_snapshot(live_show, table4)[0] == versions[-1]


def vars_of(code: Code) -> dict[str, object]:
    return {field.attname: getattr(code, field.attname) for field in Code._meta.concrete_fields}


def test_a_code_that_was_never_dropped_tells_nobody(
    live_show: Show, viewer: Visitor, held: Hold, table4: Code, order_units: OrderUnits, now: datetime,
    django_capture_on_commit_callbacks: Callable, told: list[RoomNews],
) -> None:  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        pay(order_units(viewer, held, codes=["TABLE4"]), now)

    assert not any(key.startswith("code:") for news in told for key in news.state or {})


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        ({"text": "OTHER"}, CodeNotFound),
        ({"is_active": False}, CodeOver),
        ({"ends_at": timedelta(0)}, CodeOver),
        ({"starts_at": timedelta(hours=1)}, CodeNotYet),
    ],
    ids=str,
)
def test_a_code_that_viewers_could_not_use_is_not_dropped(
    live_show: Show, host: Host, brand: Brand, now: datetime, terms: dict, refusal
) -> None:
    code_of(brand, now, **{key: now + one if isinstance(one, timedelta) else one for key, one in terms.items()})

    with pytest.raises(refusal):
        drop_code(show=live_show, typed="TABLE4", actor=host.user, now=now)

    assert not CodeDrop.objects.exists()


def test_another_brands_code_and_another_shows_are_not_dropped(
    live_show: Show, host: Host, brand: Brand, rival_brand: Brand, now: datetime
) -> None:
    other = Show.objects.get(pk=live_show.pk)
    other.pk, other.slug = None, "elsewhere"
    other.save()
    code_of(rival_brand, now, text="LINEN")
    code_of(brand, now, text="THERE", show=other)

    with pytest.raises(CodeNotFound):
        drop_code(show=live_show, typed="LINEN", actor=host.user, now=now)
    with pytest.raises(CodeOfAnotherShow):
        drop_code(show=live_show, typed="THERE", actor=host.user, now=now)


def test_nothing_is_dropped_into_a_show_that_is_over(live_show: Show, host: Host, table4: Code, now: datetime) -> None:
    over = end_show(show=live_show, actor=host.user, now=now)

    with pytest.raises(ShowIsOver):
        drop_code(show=over, typed="TABLE4", actor=host.user, now=now)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_host_and_chat_team_drop_codes_and_nobody_else(
    live_show: Show, host: Host, moderator: User, outsider: User, viewer: Visitor, table4: Code, client: Client
) -> None:
    def drop(client: Client) -> int:
        body, path = {"code": "table4"}, f"/api/v1/studio/shows/{live_show.slug}/codes"
        return client.post(path, body, content_type="application/json").status_code

    assert viewer.user
    assert [drop(browser(outsider)), drop(browser(viewer.user)), drop(client)] == [404, 404, 401]
    assert not CodeDrop.objects.exists()
    assert [drop(browser(moderator)), drop(browser(host.user))] == [201, 201]
    assert CodeDrop.objects.get().dropped_by == moderator


def test_the_studio_has_a_button_for_each_code_that_counts(
    live_show: Show, host: Host, brand: Brand, table4: Code, now: datetime
) -> None:
    code_of(brand, now, text="GONE", is_active=False)
    desk = browser(host.user)
    panel = f"/studio/{live_show.slug}/panels/codes/"
    page = desk.get(panel).content.decode()
    assert "Drop the code TABLE4" in page
    assert "GONE" not in page

    desk.post(f"/studio/{live_show.slug}/acts/drop-code/", {"code": "TABLE4"})

    assert "Dropped" in desk.get(panel).content.decode()
    assert CodeDrop.objects.get().code == table4
