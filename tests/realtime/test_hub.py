import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.utils import timezone

from livecommerce.realtime import feed, hub, publish, pulse
from livecommerce.realtime.batch import in_thread
from livecommerce.realtime.hub import Hub
from livecommerce.realtime.models import Feed
from livecommerce.realtime.news import RoomNews
from livecommerce.realtime.protocol import DropSoldOut, HoldExpired, HoldPlaced, MessagePosted, SaleTicked
from livecommerce.realtime.room import STUCK_BYTES
from tests.realtime.conftest import RememberedWire, seat_of, wire_event

pytestmark = pytest.mark.django_db(transaction=True)
ROOM = 7


@pytest.fixture
async def here(monkeypatch: Any) -> AsyncIterator[Hub]:
    """A hub that serves this test alone, without the roof."""
    monkeypatch.setattr(Hub, "source", staticmethod(lambda room: ({"id": room}, {})), raising=False)
    monkeypatch.setattr(Hub, "company", [])
    yield hub.here()
    await hub.here().stop()
    hub._hubs.clear()


def said(text: str) -> MessagePosted:
    return MessagePosted(id=1, key="k", author={}, text=text)


async def tell(*texts: str) -> list[int]:
    return await in_thread(publish.to_show, ROOM, *map(said, texts), now=timezone.now())


async def until(fact: Callable[[], Any], seconds: float = 4.0) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


async def sit(here: Hub, wire: RememberedWire, **more: Any) -> None:
    room = await here.open(ROOM)
    here.seat(room, seat_of(wire, **more))


async def test_what_a_verb_told_reaches_every_seat(here: Hub):
    wires = [RememberedWire() for _ in range(3)]
    for wire in wires:
        await sit(here, wire)

    await tell("a", "b")

    await until(lambda: all(wire.events() == [1, 2] for wire in wires))


async def test_a_burst_leaves_in_a_few_frames(here: Hub, wire: RememberedWire):
    await sit(here, wire)

    epoch = here.rooms[ROOM].epoch
    for number in range(1, 31):
        here.take(RoomNews(room=ROOM, epoch=epoch, events=[wire_event(number)]))
        await asyncio.sleep(0.002)
    await until(lambda: len(wire.events()) == 30)

    assert wire.events() == list(range(1, 31))
    assert len(wire.frames) < 10


async def test_urgent_news_do_not_wait_for_the_tick(here: Hub, wire: RememberedWire, monkeypatch: Any):
    monkeypatch.setattr(pulse, "TICK_SECONDS", 5.0)
    await sit(here, wire)
    await tell("a")
    await until(lambda: wire.events() == [1])
    await tell("waits")
    await asyncio.sleep(0.05)
    assert wire.events() == [1]

    began = time.monotonic()
    await in_thread(publish.to_show, ROOM, DropSoldOut(drop={"id": 1}), now=timezone.now())
    await until(lambda: wire.events() == [1, 2, 3])

    assert time.monotonic() - began < 1.0


async def test_what_no_road_carried_is_repaired_from_the_feed_within_two_seconds(here: Hub, wire: RememberedWire):
    await sit(here, wire)

    # Stored, but nobody is told: a writer without a layer, or a layer that lost the message.
    await in_thread(feed.append, ROOM, [said("lost")], now=timezone.now())
    began = time.monotonic()
    await until(lambda: wire.events() == [1], seconds=3)

    assert time.monotonic() - began < 2.3


async def test_a_hole_is_filled_in_order(here: Hub, wire: RememberedWire):
    await sit(here, wire)
    await in_thread(feed.append, ROOM, [said("lost")], now=timezone.now())

    await tell("after it")

    await until(lambda: wire.events() == [1, 2])


async def test_lost_state_is_found_by_comparing(here: Hub, wire: RememberedWire, monkeypatch: Any):
    monkeypatch.setattr(hub, "REFRESH_SECONDS", 0.2)
    here._do(here._refresh_forever())
    await sit(here, wire)

    monkeypatch.setattr(Hub, "source", staticmethod(lambda room: ({}, {"stock:1": (3, {"left": 2})})))

    await until(lambda: any(frame["state"].get("stock:1") == [3, {"left": 2}] for frame in wire.frames))


async def test_another_epoch_sends_everyone_a_snapshot(here: Hub, wire: RememberedWire):
    await tell("a")
    await sit(here, wire)

    await in_thread(Feed.objects.filter(room=ROOM).update, epoch="fresh")

    await until(lambda: any(frame.get("snapshot", {}).get("epoch") == "fresh" for frame in wire.frames))


async def test_private_news_reach_the_sockets_of_that_viewer_only(here: Hub):
    ana, ben = uuid4(), uuid4()
    phone, laptop, other = RememberedWire(), RememberedWire(), RememberedWire()
    await sit(here, phone, visitor_id=ana)
    await sit(here, laptop, visitor_id=ana)
    await sit(here, other, visitor_id=ben)

    await in_thread(publish.to_viewer, ana, HoldExpired(hold={"id": 1}))

    await until(lambda: phone.frames and laptop.frames)
    assert phone.frames == [{"you": {"type": "hold.expired", "hold": {"id": 1}}}]
    assert other.frames == []


async def test_of_many_buyers_those_with_a_socket_here_get_their_own(here: Hub):
    ana, bo, gone = uuid4(), uuid4(), uuid4()
    wires = {ana: RememberedWire(), bo: RememberedWire()}
    for viewer, wire in wires.items():
        await sit(here, wire, visitor_id=viewer)

    placed = HoldPlaced(hold={"id": 0})
    await in_thread(publish.to_viewers_alike, placed, ("hold", "id"), [(ana, 11), (gone, 12), (bo, 13)])

    await until(lambda: all(wire.frames for wire in wires.values()))
    held = {viewer: [frame["you"]["hold"]["id"] for frame in wire.frames] for viewer, wire in wires.items()}
    assert held == {ana: [11], bo: [13]}


async def test_studio_news_reach_no_viewer(here: Hub):
    host, viewer = RememberedWire(), RememberedWire()
    await sit(here, host, studio=True)
    await sit(here, viewer)

    await in_thread(publish.to_host, ROOM, SaleTicked(kind="paid", text="a cup", at=1))

    await until(lambda: host.frames)
    assert host.frames[0]["studio"]["text"] == "a cup"
    assert viewer.frames == []


async def test_a_room_that_nobody_watches_costs_nothing(here: Hub):
    await tell("a")

    assert here.rooms == {}


async def test_a_room_is_let_go_after_its_last_viewer(here: Hub, wire: RememberedWire, monkeypatch: Any):
    monkeypatch.setattr(hub, "EMPTY_SECONDS", 0.1)
    monkeypatch.setattr(hub, "SWEEP_SECONDS", 0.1)
    here._do(here._sweep_forever())
    room = await here.open(ROOM)
    seat = seat_of(wire)
    here.seat(room, seat)

    here.leave(room, seat)

    await until(lambda: ROOM not in here.rooms)


async def test_thousands_who_open_a_room_at_once_load_it_once(here: Hub, monkeypatch: Any):
    loads = []
    load = Hub._load
    monkeypatch.setattr(Hub, "_load", lambda hub, room: loads.append(room) or load(hub, room))

    rooms = await asyncio.gather(*(here.open(ROOM) for _ in range(1000)))

    assert len(set(map(id, rooms))) == 1
    assert loads == [ROOM]


async def test_a_client_that_reads_nothing_is_dropped_and_the_others_are_not(here: Hub, monkeypatch: Any):
    monkeypatch.setattr(hub, "SWEEP_SECONDS", 0.1)
    here._do(here._close_lost_forever())
    healthy, stuck = RememberedWire(), RememberedWire(reads=False)
    await sit(here, healthy)
    await sit(here, stuck)
    await tell("a")
    await until(lambda: stuck.unread)
    stuck.unread = STUCK_BYTES + 1

    await until(lambda: stuck.closed)
    await tell("b")

    await until(lambda: healthy.events() == [1, 2])
    assert healthy.closed == []


async def test_a_client_that_is_far_behind_gets_state_only(here: Hub, wire: RememberedWire):
    await sit(here, wire, slow_since=1.0)

    await tell("a")
    await in_thread(publish.state, ROOM, "viewers", 1, {"count": 2})

    await until(lambda: wire.frames)
    assert wire.events() == []
    assert wire.frames[0]["state"] == {"viewers": [1, {"count": 2}]}


async def test_a_silent_client_is_closed(here: Hub, wire: RememberedWire, monkeypatch: Any):
    monkeypatch.setattr(hub, "SWEEP_SECONDS", 0.1)
    here._do(here._close_lost_forever())

    await sit(here, wire, heard_at=time.monotonic() - 61)

    await until(lambda: wire.closed == [4008])


async def test_who_speaks_again_before_their_turn_to_be_closed_stays(here: Hub, monkeypatch: Any):
    monkeypatch.setattr(hub, "SWEEP_SECONDS", 0.1)
    monkeypatch.setattr(hub, "CLOSING_PAUSE", 0.3)
    room, wires = await here.open(ROOM), [RememberedWire(), RememberedWire()]
    seats = [seat_of(wire, heard_at=time.monotonic() - 61) for wire in wires]
    for seat in seats:
        here.seat(room, seat)
    here._do(here._close_lost_forever())

    await until(lambda: any(wire.closed for wire in wires))
    for seat in seats:
        seat.heard_at = time.monotonic()
    await asyncio.sleep(0.5)

    assert sorted(wire.closed for wire in wires) == [[], [4008]]


async def test_state_of_one_hub_is_told_to_its_own_viewers(here: Hub, wire: RememberedWire):
    await sit(here, wire)

    here.tell(here.rooms[ROOM], {"viewers": (5, orjson.dumps({"count": 3}))})

    await until(lambda: wire.frames and wire.frames[0]["state"]["viewers"] == [5, {"count": 3}])


async def test_a_lower_version_from_another_process_changes_nothing(here: Hub, wire: RememberedWire):
    await sit(here, wire)
    here.take(RoomNews(room=ROOM, state={"a": (5, b"5")}))
    await until(lambda: wire.frames)

    here.take(RoomNews(room=ROOM, state={"a": (4, b"4")}))
    await asyncio.sleep(0.3)

    assert len(wire.frames) == 1
