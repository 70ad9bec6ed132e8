"""Who loses the right to watch loses the open sockets at once, is told why, and finds every other door shut too."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.messages import Draft, post_message
from chat.moderation import ban_viewer, mute_viewer, standing_of, unmute_viewer
from livecommerce.accounts.models import ApiToken, User, Visitor
from livecommerce.accounts.viewer import Viewer
from livecommerce.accounts.visitors import guest_token, mint_visitor, open_session, viewer_of_user
from livecommerce.realtime import hub, logins, roads
from livecommerce.signin import take_over_guest
from streams import bans
from streams.bans import lift_ban
from tests.realtime.screen import Enter, Screen

if TYPE_CHECKING:
    from streams.models import Host, Show
    from streams.models.drops import Drop

pytestmark = pytest.mark.django_db(transaction=True)
OURS = settings.ALLOWED_ORIGINS[0].encode()


@pytest.fixture
def says_something(live_show: "Show", rival_viewer: Visitor) -> Visitor:
    """Ben has written in the show, so the team can point at him."""
    ben = Viewer(visitor_id=rival_viewer.pk, name="Ben")
    draft = Draft.arrived(author=ben, text="Rude words", key="rude", seen_ms=None, now=timezone.now())
    post_message(show_id=live_show.pk, draft=draft)
    return rival_viewer


def ban(show: "Show", host: "Host", visitor: Visitor, reason: str = "rude words") -> int:
    given = ban_viewer(
        show=show, viewer=visitor.public_id, seconds=86_400, reason=reason, actor=host.user, now=timezone.now()
    )
    return given.pk


async def goodbye(screen: Screen) -> tuple[int, str]:
    """The close code, and the words of the last message."""
    code, last = await screen.is_closed()
    bye = json.loads(last["text"])["bye"]
    assert bye["code"] == code
    return code, bye["message"]


def browser(client: Client) -> list[tuple[bytes, bytes]]:
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    return [(b"origin", OURS), (b"cookie", cookies.encode())]


async def test_a_ban_ends_the_open_sockets_with_its_reason(
    enter: Enter, live_show: "Show", host: "Host", says_something: Visitor
):
    ben, bens_phone, somebody = await enter(says_something), await enter(says_something), await enter()

    await database_sync_to_async(ban)(live_show, host, says_something)

    for screen in (ben, bens_phone):
        code, words = await goodbye(screen)
        assert code == 4003
        assert "rude words" in words
        assert "come back in 1 day" in words
        assert "stays yours" in words
    assert (await somebody.asks(type="reaction.send", id="r", emoji="heart"))["ok"] == {}


async def test_the_reason_of_a_close_frame_is_never_cut_inside_a_letter(
    enter: Enter, live_show: "Show", host: "Host", says_something: Visitor
):
    ben = await enter(says_something)

    await database_sync_to_async(ban)(live_show, host, says_something, reason="é" * 100)

    while (message := await ben.wire.receive_output(timeout=5))["type"] != "websocket.close":
        last = message
    assert len(message["reason"].encode()) <= 123
    assert "é" * 100 in json.loads(last["text"])["bye"]["message"]


async def test_what_the_banned_still_send_is_not_heard(
    enter: Enter, live_show: "Show", host: "Host", says_something: Visitor
):
    ben, somebody = await enter(says_something), await enter()
    await database_sync_to_async(ban)(live_show, host, says_something)
    await goodbye(ben)

    await ben.says(type="message.post", id="c", text="one more thing", key="late")

    await database_sync_to_async(lambda: None)()
    assert (await somebody.asks(type="reaction.send", id="r", emoji="heart"))["ok"] == {}
    assert not any("one more thing" in json.dumps(frame) for frame in somebody.passed)


async def test_who_is_banned_is_turned_away_with_the_same_words(
    enter: Enter, live_show: "Show", host: "Host", says_something: Visitor
):
    number = await database_sync_to_async(ban)(live_show, host, says_something)
    again = Screen(live_show.slug, token=guest_token(says_something.pk))

    assert (await again.wire.connect(timeout=5))[0]
    code, words = await goodbye(again)

    assert code == 4003
    assert "rude words" in words
    await database_sync_to_async(lift_ban)(show=live_show, ban_id=number, actor=host.user, now=timezone.now())
    assert (await enter(says_something)).welcome["you"]["visitor"] == says_something.public_id


async def test_a_ban_follows_the_guest_into_the_account_and_back(
    enter: Enter, live_show: "Show", host: "Host", says_something: Visitor, viewer: Visitor
):
    await database_sync_to_async(take_over_guest)(guest_id=says_something.pk, user=viewer.user)
    await database_sync_to_async(ban)(live_show, host, says_something)

    for who in (says_something, viewer):
        _, found = await database_sync_to_async(standing_of)([who.pk], now=timezone.now())
        assert (who.pk, live_show.pk) in found
        with pytest.raises(bans.Banned):
            await database_sync_to_async(bans.admit_to)(live_show.pk, who.pk, now=timezone.now())


async def test_the_twins_over_http_refuse_the_banned(live_show: "Show", host: "Host", drop_on_sale: "Drop"):
    def story() -> None:
        ben, _ = mint_visitor(now=timezone.now())
        item = drop_on_sale.items.get()
        http = Client(headers={"Authorization": f"Bearer {guest_token(ben.pk)}"})

        def post(path: str, body: Any) -> Any:
            return http.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")

        assert post(f"shows/{live_show.slug}/messages", {"text": "Hi", "key": "a"}).status_code == 200
        ban(live_show, host, ben)

        hold = {"drop": drop_on_sale.pk, "variant": item.variant_id, "key": "h"}
        for answer in (
            post(f"shows/{live_show.slug}/messages", {"text": "Hi", "key": "b"}),
            post("holds", hold),
            post(f"drops/{drop_on_sale.pk}/queue", {}),
            http.get(f"/api/v1/shows/{live_show.slug}/snapshot"),
            http.get(f"/api/v1/shows/{live_show.slug}/feed?epoch=x&after=0"),
        ):
            assert answer.status_code == 403
            assert answer.json()["error"]["code"] == "show.banned"
            assert "rude words" in answer.json()["error"]["message"]

    await database_sync_to_async(story)()


async def test_a_ban_whose_word_was_lost_is_found_by_asking(
    enter: Enter, live_show: "Show", host: "Host", says_something: Visitor, monkeypatch: Any
):
    ben = await enter(says_something)
    monkeypatch.setattr(roads, "to_doors", lambda dismissal: None)
    await database_sync_to_async(ban)(live_show, host, says_something)
    assert len(hub.here().rooms[live_show.pk].seats) == 1  # Without the word nobody has gone.

    await bans.send_out_banned(hub.here())

    assert (await goodbye(ben))[0] == 4003


async def test_only_the_team_bans_and_never_its_own(
    client_of: Any, live_show: "Show", host: "Host", outsider: User, moderator: User, says_something: Visitor
):
    def story() -> None:
        team = viewer_of_user(moderator)
        draft = Draft.arrived(author=team, text="Hello", key="m", seen_ms=None, now=timezone.now())
        post_message(show_id=live_show.pk, draft=draft)
        url = f"/api/v1/studio/shows/{live_show.slug}/bans"
        ben = json.dumps({"viewer": says_something.public_id, "seconds": 3600, "reason": "spam"})
        mia = json.dumps({"viewer": Visitor(id=team.visitor_id).public_id})

        assert client_of(outsider).post(url, ben, content_type="application/json").status_code == 404
        assert client_of(says_something).post(url, ben, content_type="application/json").status_code in {401, 403}
        noor = client_of(host.user)
        assert noor.post(url, mia, content_type="application/json").json()["error"]["code"] == "ban.team"
        given = noor.post(url, ben, content_type="application/json")
        assert given.status_code == 200
        assert noor.delete(f"{url}/{given.json()['id']}").status_code == 200
        assert not bans.active_bans(show=live_show, now=timezone.now())

    await database_sync_to_async(story)()


@pytest.mark.parametrize("lasts", [timedelta(seconds=59), timedelta(days=367)])
def test_a_ban_has_a_sensible_end(live_show: "Show", host: "Host", says_something: Visitor, lasts: timedelta):
    with pytest.raises(bans.BadBan):
        bans.ban_visitor(
            show=live_show,
            visitor=says_something,
            name="Ben",
            lasts=lasts,
            reason="",
            actor=host.user,
            now=timezone.now(),
        )


# Signing out ------------------------------------------------------------


async def test_signing_out_ends_the_sockets_of_that_browser_alone(
    enter: Enter, client_of: Any, live_show: "Show", viewer: Visitor
):
    laptop, phone = [await database_sync_to_async(client_of)(viewer) for _ in range(2)]
    on_laptop, on_phone = await enter(headers=browser(laptop)), await enter(headers=browser(phone))
    assert on_laptop.welcome["you"]["signed_in"]

    await database_sync_to_async(laptop.post)(reverse("account_logout"))

    code, words = await goodbye(on_laptop)
    assert code == 4001
    assert "Reload" in words
    assert (await on_phone.asks(type="reaction.send", id="r", emoji="heart"))["ok"] == {}
    as_guest = await enter(headers=browser(laptop))
    assert not as_guest.welcome["you"]["signed_in"]


@pytest.mark.parametrize("end", ["session", "account", "token"])
async def test_a_sign_in_that_ends_by_itself_takes_its_sockets_along(
    enter: Enter, client_of: Any, live_show: "Show", viewer: Visitor, end: str
):
    assert viewer.user is not None
    web = await database_sync_to_async(client_of)(viewer)
    token = await database_sync_to_async(open_session)(user=viewer.user, now=timezone.now())
    app = Screen(live_show.slug, token=token)
    await app.enter()
    page, guest = await enter(headers=browser(web)), await enter()
    await logins.end_ended(hub.here())
    assert len(hub.here().rooms[live_show.pk].seats) == 3  # All of them stand.

    if end == "session":
        await database_sync_to_async(web.session.flush)()
    elif end == "token":
        await ApiToken.objects.all().adelete()
    else:
        await User.objects.filter(pk=viewer.user.pk).aupdate(is_active=False)
    await logins.end_ended(hub.here())

    if end in {"session", "account"}:
        assert (await goodbye(page))[0] == 4001
    if end in {"token", "account"}:
        assert (await goodbye(app))[0] == 4001
    assert (await guest.asks(type="reaction.send", id="r", emoji="heart"))["ok"] == {}
    await app.wire.disconnect()


# Muting ------------------------------------------------------------


async def test_who_is_muted_hears_so_at_once_and_until_when(
    enter: Enter, live_show: "Show", host: "Host", says_something: Visitor
):
    ben, somebody = await enter(says_something), await enter()
    assert ben.welcome["you"]["muted"] is None
    now = timezone.now()

    mute = await database_sync_to_async(mute_viewer)(
        show=live_show, viewer=says_something.public_id, seconds=300, reason="caps", actor=host.user, now=now
    )

    until = round((now + timedelta(seconds=300)).timestamp() * 1000)
    told = (await ben.hears("you"))["you"]
    assert told == {"type": "viewer.muted", "show": live_show.pk, "until": until, "reason": "caps"}
    assert (await enter(says_something)).welcome["you"]["muted"] == {"until": until, "reason": "caps"}
    await database_sync_to_async(unmute_viewer)(show=live_show, mute_id=mute.pk, actor=host.user, now=timezone.now())
    assert (await ben.hears("you"))["you"] == {"type": "viewer.unmuted", "show": live_show.pk}
    assert (await ben.asks(type="message.post", id="c", text="Thanks", key="k"))["ok"]["key"] == "k"
    assert not any("you" in frame for frame in somebody.passed)
