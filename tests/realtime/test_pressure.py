"""Under load things are left out in the stated order, and what counts never is."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from prometheus_client import REGISTRY

from livecommerce.realtime import hub
from livecommerce.realtime.hub import Hub
from livecommerce.realtime.news import RoomNews
from livecommerce.realtime.pressure import Pressure, Relief
from livecommerce.realtime.room import Loaded, Room
from streams import presence
from tests.realtime.conftest import RememberedWire, seat_of, wire_event

ROOM = 7


def pressed(pressure: Pressure, strain: float, *, seconds: float, since: float) -> float:
    """Four samples a second, as the hub takes them; the moment after."""
    for number in range(round(seconds * 4)):
        pressure.feel(strain, since + number / 4)
    return since + seconds


def test_it_goes_one_step_after_another_and_comes_back_slowly():
    pressure, steps = Pressure(), []
    now = 100.0

    for _ in range(4):
        now = pressed(pressure, 0.6, seconds=1, since=now)
        steps.append(pressure.relief)
    assert steps == [Relief.REACTIONS, Relief.PRESENCE, Relief.STATE, Relief.STATE]

    now = pressed(pressure, 0.01, seconds=4, since=now)
    assert pressure.relief == Relief.STATE
    pressed(pressure, 0.01, seconds=20, since=now)
    assert pressure.relief == Relief.NONE


def test_a_single_hiccup_leaves_nothing_out():
    pressure = Pressure()

    for number in range(40):
        pressure.feel(2.0 if number % 3 == 0 else 0.01, 100 + number / 4)

    assert pressure.relief == Relief.NONE


@pytest.fixture
async def here(monkeypatch: Any) -> AsyncIterator[Hub]:
    """A hub with one room that needs no database."""
    monkeypatch.setattr(Hub, "company", [])
    one = Hub(asyncio.get_running_loop())
    hub._hubs[one.loop] = one
    room = Room(ROOM)
    room.load(Loaded(epoch="e1", seq=0, tail=[], show=b"{}", state={}))
    monkeypatch.setattr(one, "_load", lambda room_id: Loaded(epoch="e1", seq=0, tail=[], show=b"{}", state={}))
    await one.open(ROOM)
    one._do(one._count_forever())
    yield one
    await one.stop()
    hub._hubs.clear()


def at(here: Hub, step: Relief) -> None:
    """Bring a process to a step the way it gets there: late, for a while."""
    now = 0.0
    while here.pressure.relief < step:
        now = pressed(here.pressure, 1.0, seconds=1, since=now)


def state_news(version: int, **more: Any) -> RoomNews:
    return RoomNews(room=ROOM, state={"stock:1": (version, orjson.dumps({"left": version}))}, **more)


def states(wire: RememberedWire, key: str) -> list[Any]:
    return [frame["state"][key][1] for frame in wire.frames if key in frame.get("state", {})]


@pytest.mark.parametrize("step", [Relief.NONE, Relief.REACTIONS])
async def test_reactions_go_first(here: Hub, step: Relief):
    wire = RememberedWire()
    here.seat(here.rooms[ROOM], seat_of(wire))
    at(here, step)
    before = REGISTRY.get_sample_value("live_left_out_total", {"what": "reactions"}) or 0

    here.take(RoomNews(room=ROOM, reactions={"heart": 3}))
    here.take(RoomNews(room=ROOM, events=[wire_event(1)]))
    here.take(state_news(1))
    await asyncio.sleep(1.3)

    assert wire.events() == [1]
    assert states(wire, "stock:1") == [{"left": 1}]
    assert states(wire, "reactions") == ([] if step else [{"counts": {"heart": 3}}])
    after = REGISTRY.get_sample_value("live_left_out_total", {"what": "reactions"}) or 0
    assert after - before == int(step)
    assert REGISTRY.get_sample_value("live_relief") == step


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", [Relief.REACTIONS, Relief.PRESENCE])
async def test_then_the_count_of_viewers(here: Hub, step: Relief, now: Any):
    wire = RememberedWire()
    room = here.rooms[ROOM]
    here.seat(room, seat_of(wire))
    at(here, step)

    await presence._count(here, room, {}, now)
    here.take(state_news(1))
    await asyncio.sleep(0.3)

    assert states(wire, "viewers") == ([{"count": 1}] if step == Relief.REACTIONS else [])
    assert states(wire, "stock:1") == [{"left": 1}]


async def test_then_state_comes_once_a_second_while_events_and_urgent_news_do_not_wait(here: Hub):
    wire, alone = RememberedWire(), RememberedWire()
    room = here.rooms[ROOM]
    here.seat(room, seat_of(wire))
    at(here, Relief.STATE)
    here.take(state_news(1))
    await asyncio.sleep(0.05)
    assert states(wire, "stock:1") == [{"left": 1}]

    began = time.monotonic()
    for number in range(2, 6):
        here.take(state_news(number))
        here.take(RoomNews(room=ROOM, events=[wire_event(number - 1)]))
        await asyncio.sleep(0.12)
    assert wire.events() == [1, 2, 3, 4]
    assert states(wire, "stock:1") == [{"left": 1}]  # Put off, not lost:
    assert orjson.loads(b"{%b}" % room.body())["state"]["stock:1"] == [5, {"left": 5}]
    while states(wire, "stock:1") == [{"left": 1}]:
        assert time.monotonic() - began < 1.2
        await asyncio.sleep(0.01)
    assert states(wire, "stock:1") == [{"left": 1}, {"left": 5}]

    here.take(state_news(6))
    here.take(RoomNews(room=ROOM, events=[wire_event(5)], urgent=True))
    await asyncio.sleep(0.05)
    assert states(wire, "stock:1")[-1] == {"left": 6}
    assert alone.frames == []


async def test_private_news_never_wait(here: Hub):
    rival_viewer_id = uuid4()
    wire = RememberedWire()
    here.seat(here.rooms[ROOM], seat_of(wire, visitor_id=rival_viewer_id))
    at(here, Relief.STATE)

    here.take_private(rival_viewer_id, b'{"type":"hold.placed"}')

    assert wire.frames == [{"you": {"type": "hold.placed"}}]


async def test_a_loop_that_stands_still_is_felt(here: Hub):
    here._do(here._feel_forever())

    for _ in range(6):
        await asyncio.sleep(0.05)
        time.sleep(0.6)  # The load.

    assert here.pressure.relief >= Relief.REACTIONS
