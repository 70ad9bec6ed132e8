"""What the realtime tests share: wires that remember, rooms without a server."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from livecommerce.accounts.models import Visitor
from livecommerce.accounts.visitors import guest_token
from livecommerce.realtime import hub
from livecommerce.realtime.hub import Hub
from livecommerce.realtime.limits import PER_ADDRESS, PER_VIEWER
from livecommerce.realtime.room import Loaded, Room, Seat
from livecommerce.realtime.wire import Frame
from livecommerce.socket import _PATIENCE
from tests.realtime.screen import Enter, Screen
from tests.servers.profile import profile_name

if TYPE_CHECKING:
    from streams.models import Show


@dataclass
class RememberedWire:
    """A client that takes what it is given, or nothing at all."""

    frames: list[dict[str, Any]] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    unread: int = 0
    reads: bool = True

    def write(self, frame: Frame) -> int:
        if not self.reads:
            self.unread += len(frame.framed)
            return self.unread
        self.frames.append(orjson.loads(frame.payload))
        return 0

    def waiting(self) -> int:
        return self.unread

    def close(self, code: int, reason: str = "") -> None:
        self.closed.append(code)

    def abort(self) -> None:
        self.closed.append(0)

    def events(self) -> list[int]:
        return [event["seq"] for frame in self.frames for event in frame.get("events", [])]


def seat_of(wire: RememberedWire, **more: Any) -> Seat:
    return Seat(wire=wire, **{"visitor_id": None, "studio": False, "heard_at": time.monotonic(), **more})


@pytest.fixture
def wire() -> RememberedWire:
    return RememberedWire()


def wire_event(seq: int, **more: Any) -> tuple[int, bytes]:
    at = time.time_ns() // 1_000_000
    return seq, orjson.dumps({"seq": seq, "type": "message.posted", "at": at, "text": f"line {seq}", **more})


@pytest.fixture
def make_room() -> Callable[..., Room]:
    def make(seq: int = 0, **state: tuple[int, dict[str, Any]]) -> Room:
        room = Room(1)
        encoded = {key: (version, orjson.dumps(value)) for key, (version, value) in state.items()}
        tail = [wire_event(number) for number in range(1, seq + 1)]
        room.load(Loaded(epoch="e1", seq=seq, tail=tail[-300:], show=b'{"id":1}', state=encoded))
        return room

    return make


async def ended(here: Hub) -> None:
    """Stop a hub, so that the next test starts its own."""
    await here.stop()
    hub._hubs.clear()


@pytest.fixture
async def enter(live_show: "Show") -> AsyncIterator[Enter]:
    """`await enter(visitor)`: someone watches the live show."""
    screens: list[Screen] = []
    for buckets in (PER_VIEWER, PER_ADDRESS, _PATIENCE):
        buckets.forget()

    async def open_screen(visitor: Visitor | None = None, **more: Any) -> Screen:
        screen = Screen(live_show.slug, token=guest_token(visitor.pk) if visitor else "", **more)
        screen.welcome = (await screen.enter())["welcome"]  # type: ignore[attr-defined]
        screens.append(screen)
        return screen

    yield open_screen
    for screen in screens:
        await screen.wire.disconnect()
    await ended(hub.here())


# These bring a PostgreSQL and a Redis of their own: one of the two runs is enough.
collect_ignore = [] if profile_name() == "postgres" else ["test_faults.py", "test_edge.py"]
