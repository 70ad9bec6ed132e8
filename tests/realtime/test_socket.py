import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from livecommerce.accounts.models import Visitor
from livecommerce.accounts.visitors import guest_token
from livecommerce.asgi import application
from livecommerce.realtime.batch import in_thread
from tests.checkout.conftest import code_of
from tests.realtime.screen import Enter, Screen

if TYPE_CHECKING:
    from catalog.models import Brand
    from streams.models import Host, Show
    from streams.models.drops import Drop

pytestmark = pytest.mark.django_db(transaction=True)
OURS = settings.ALLOWED_ORIGINS[0].encode()


async def test_the_welcome_holds_the_show_as_it_is(enter: Enter, live_show: "Show", rival_viewer: Visitor):
    screen = await enter(rival_viewer)

    welcome = screen.welcome
    assert set(welcome) == {"now", "epoch", "seq", "you", "show", "state", "recent", "beat_every"}
    assert welcome["you"]["visitor"] == rival_viewer.public_id
    assert welcome["you"]["holds"] == []
    assert (welcome["show"]["slug"], welcome["show"]["state"]) == (live_show.slug, "live")
    assert [event["type"] for event in welcome["recent"]] == ["show.went_live"]
    assert {"show", "sales", "pins", "viewers"} <= set(welcome["state"])


async def test_a_message_is_answered_and_reaches_everyone(enter: Enter, rival_viewer: Visitor):
    ben, somebody = await enter(rival_viewer), await enter()

    answer = await ben.asks(type="message.post", id="c1", text="Does it chip?", key="k1")

    event = await somebody.hears_event("message.posted")
    assert answer["ok"] == {"id": event["id"], "seq": event["seq"], "key": "k1"}
    assert (event["text"], event["key"]) == ("Does it chip?", "k1")


async def test_the_same_key_posts_once_and_answers_the_same(enter: Enter, rival_viewer: Visitor):
    ben = await enter(rival_viewer)

    first = await ben.asks(type="message.post", id="c1", text="hello", key="k1")
    second = await ben.asks(type="message.post", id="c2", text="hello", key="k1")

    assert first["ok"] == second["ok"]


async def test_a_unit_is_held_over_the_socket_and_told_to_its_buyer_alone(
    drop_on_sale: "Drop", enter: Enter, rival_viewer: Visitor
):
    ben, somebody = await enter(rival_viewer), await enter()
    item = await drop_on_sale.items.aget()

    answer = await ben.asks(
        type="hold.place", id=7, drop=drop_on_sale.pk, variant=item.variant_id, quantity=1, key="h1"
    )

    assert answer["ok"]["quantity"] == 1
    assert (await ben.hears("you"))["you"]["hold"]["id"] == answer["ok"]["hold"]
    frame = await somebody.hears("events")
    while f"stock:{drop_on_sale.pk}" not in frame["state"]:
        frame = await somebody.hears("events")
    assert frame["state"][f"stock:{drop_on_sale.pk}"][1]["left"] == 9
    assert not any("you" in message for message in somebody.passed)


async def test_a_code_of_the_shows_brand_is_claimed_over_the_socket(
    enter: Enter, rival_viewer: Visitor, brand: "Brand", now: datetime
):
    await in_thread(code_of, brand, now)
    ben, nobody = await enter(rival_viewer), await enter()

    claimed = await ben.asks(type="code.claim", id="c1", code=" table4")
    unknown = await ben.asks(type="code.claim", id="c2", code="TABLE5")

    assert claimed["ok"] == {"code": "TABLE4", "offer": "EUR\u00a04.00 off", "left": 100}
    assert unknown["error"]["code"] == "code.not_found"
    assert (await nobody.asks(type="code.claim", id="c3", code="TABLE4"))["error"]["code"] == "sign_in_needed"


async def test_who_comes_back_sees_what_is_promised_to_them(drop_on_sale: "Drop", enter: Enter, rival_viewer: Visitor):
    ben = await enter(rival_viewer)
    item = await drop_on_sale.items.aget()
    answer = await ben.asks(
        type="hold.place", id=7, drop=drop_on_sale.pk, variant=item.variant_id, quantity=1, key="h1"
    )

    again = await enter(rival_viewer)

    assert [hold["id"] for hold in again.welcome["you"]["holds"]] == [answer["ok"]["hold"]]


async def test_hello_resumes_with_all_that_was_missed(enter: Enter, rival_viewer: Visitor):
    ben, other = await enter(rival_viewer), await enter()
    epoch, seq = other.welcome["epoch"], other.welcome["seq"]
    for number in range(3):
        await ben.asks(type="message.post", id=f"c{number}", text=str(number), key=f"k{number}")
    await ben.hears_event("message.posted")
    await asyncio.sleep(0.3)

    await other.says(type="hello", epoch=epoch, seq=seq)

    resumed = (await other.hears("resumed"))["resumed"]
    assert [event["text"] for event in resumed["events"]] == ["0", "1", "2"]
    assert (resumed["from"], resumed["to"]) == (seq + 1, seq + 3)
    await other.says(type="hello", epoch="lost", seq=1)
    assert (await other.hears("snapshot"))["snapshot"]["seq"] == seq + 3


async def test_the_clock_is_answered_with_the_servers_time(enter: Enter):
    screen = await enter()

    await screen.says(type="clock", c0=123.5)

    clock = (await screen.hears("clock"))["clock"]
    assert clock["c0"] == 123.5
    assert clock["s1"] <= clock["s2"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "hold.steal", "id": "c1"}, "command.unknown"),
        ({"id": "c1"}, "command.unknown"),
        ({"type": "message.post", "id": "c1", "text": 5, "key": "k"}, "command.invalid"),
        ({"type": "message.post", "id": "c1", "text": "a", "key": "k", "colour": "red"}, "command.invalid"),
        ({"type": "beat", "id": "c1", "seq": -1.5}, "command.invalid"),
        ({"type": "reaction.send", "id": "c1", "emoji": "skull"}, "reaction.unknown"),
    ],
)
async def test_what_is_not_understood_is_answered(enter: Enter, frame: dict[str, Any], code: str):
    screen = await enter()

    answer = await screen.asks(**frame)

    assert answer["error"]["code"] == code
    assert answer["error"]["message"]


@pytest.mark.parametrize("text", ["no json", "[]", "5", "null", '{"type":', '{"a":NaN}', "[" * 2000])
async def test_what_is_no_object_is_answered_too(enter: Enter, text: str):
    screen = await enter()

    await screen.wire.send_to(text_data=text)

    answer = await screen.hears("reply")
    assert answer["reply"] is None
    assert answer["error"]["code"] in {"frame.invalid", "command.unknown"}


async def test_binary_frames_are_answered_with_an_error(enter: Enter):
    screen = await enter()

    await screen.wire.send_to(bytes_data=b"\x00\x01")

    assert (await screen.hears("reply"))["error"]["code"] == "frame.invalid"


async def test_a_frame_over_four_kilobytes_ends_the_socket(enter: Enter):
    screen = await enter()

    await screen.wire.send_to(text_data="x" * 5000)

    assert (await screen.is_closed())[0] == 1009


async def test_a_flood_is_slowed_and_then_shown_the_door(enter: Enter, rival_viewer: Visitor):
    ben = await enter(rival_viewer)

    for _ in range(80):
        await ben.says(type="clock", c0=1)

    refused = await ben.hears("reply")
    assert refused["error"]["code"] == "too_many"
    assert refused["error"]["retry_in"] > 0
    code, last = await ben.is_closed()
    assert code == 4029
    assert "bye" in last["text"]


async def test_a_beat_that_stays_behind_is_closed_to_resync(enter: Enter, rival_viewer: Visitor, monkeypatch: Any):
    ben = await enter(rival_viewer)
    monkeypatch.setattr("livecommerce.realtime.room._LAG_SECONDS", 0.0)
    await ben.asks(type="message.post", id="c", text="a", key="k")
    await ben.hears_event("message.posted")

    await ben.says(type="beat", seq=0)
    await ben.says(type="beat", seq=0)

    assert (await ben.is_closed())[0] == 4008


async def test_a_page_of_another_origin_gets_no_socket(live_show: "Show"):
    for origin in (b"http://evil.example", b"null", OURS.replace(b"http", b"https"), OURS[:-1], OURS + b"1", b""):
        screen = Screen(live_show.slug, headers=[(b"origin", origin)])

        connected, _ = await screen.wire.connect(timeout=5)

        assert not connected, origin


async def test_our_own_page_says_who_it_is_by_cookie(enter: Enter, rival_viewer: Visitor):
    cookie = f"visitor={guest_token(rival_viewer.pk)}".encode()

    screen = await enter(headers=[(b"origin", OURS), (b"cookie", cookie)])

    assert screen.welcome["you"]["visitor"] == rival_viewer.public_id


async def test_cookies_without_an_origin_count_for_nothing(enter: Enter, rival_viewer: Visitor):
    screen = await enter(headers=[(b"cookie", f"visitor={guest_token(rival_viewer.pk)}".encode())])

    assert screen.welcome["you"]["visitor"] is None


async def test_a_session_makes_the_host_the_host(enter: Enter, host: "Host", client_of: Callable[..., Client]):
    session = (await in_thread(client_of, host.user)).cookies[settings.SESSION_COOKIE_NAME].value

    screen = await enter(headers=[(b"origin", OURS), (b"cookie", f"sessionid={session}".encode())])

    assert screen.welcome["you"]["role"] == "host"
    assert screen.welcome["you"]["signed_in"] is True


@pytest.mark.parametrize("token", ["nonsense", "vis.0:0:0", "usr.wrong"])
async def test_a_wrong_token_has_to_sign_in_again(live_show: "Show", token: str):
    screen = Screen(live_show.slug, token=token)

    await screen.wire.connect(timeout=5)

    assert (await screen.is_closed())[0] == 4001


async def test_a_show_that_is_not_public_is_not_there(show: "Show", rival_viewer: Visitor):
    await type(show).objects.filter(pk=show.pk).aupdate(state="draft")
    screen = Screen(show.slug, token=guest_token(rival_viewer.pk))

    connected, _ = await screen.wire.connect(timeout=5)

    assert not connected


async def test_an_address_without_a_socket_refuses():
    wire = WebsocketCommunicator(application, "/ws/elsewhere/")

    connected, _ = await wire.connect(timeout=5)

    assert not connected
