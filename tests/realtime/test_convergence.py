"""Random events, losses, reorderings, reconnects, two processes: at rest every client shows a fresh snapshot.

The rooms are the server's own, the clients run the browser's own code in Node.
"""

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livecommerce.realtime.news import RoomNews
from livecommerce.realtime.room import Loaded, Room
from tests.realtime.conftest import wire_event

DRIVER = Path(__file__).parent.parent / "js" / "room-driver.mjs"
KEYS = ("stock:1", "stock:v2", "viewers", "pins")


class Browsers:
    """Node, with a client per name."""

    def __init__(self) -> None:
        self._node = subprocess.Popen(
            ["node", str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def ask(self, op: str, **more: Any) -> Any:
        assert self._node.stdin
        assert self._node.stdout
        self._node.stdin.write(json.dumps({"op": op, **more}) + "\n")
        return json.loads(self._node.stdout.readline())

    def close(self) -> None:
        self._node.kill()
        self._node.communicate()


@pytest.fixture(scope="module")
def browsers() -> Iterator[Browsers]:
    node = Browsers()
    yield node
    node.close()


class Client:
    """One screen, on one of the processes. Frames wait on its line until it reads them."""

    def __init__(self, world: "World", name: str) -> None:
        self.world, self.name = world, name
        self.line: list[bytes] = []
        self.screen: list[int] = []
        self.missed = False
        world.browsers.ask("new", client=name)
        self.connect(0)

    def connect(self, server: int) -> None:
        self.server, self.missed = server, False
        self.line = [self.world.rooms[server].greet(b"welcome", b"null").payload]

    def read(self) -> None:
        while self.line:
            self.take(orjson.loads(self.line.pop(0)))

    def take(self, message: dict[str, Any]) -> None:
        news = self.world.browsers.ask("take", client=self.name, message=message, blind=self.world.blind)
        self.screen = news["events"] if news["reset"] else self.screen + news["events"]
        if news["gap"]:
            answer = self.world.rooms[self.server].answer_hello(news["epoch"], news["seq"], b"null")
            # On a line everything before the answer arrives before it.
            self.line.append(answer.payload)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.world.browsers.ask("state", client=self.name)
        return found


class World:
    """The database, two processes with a room each, a layer that loses and reorders, and three clients."""

    def __init__(self, browsers: Browsers, *, blind: bool = False) -> None:
        self.browsers, self.blind = browsers, blind
        self.feed: list[tuple[int, bytes]] = []
        self.state: dict[str, tuple[int, bytes]] = {}
        browsers.ask("reset")
        self.rooms = [self.fresh_room(), self.fresh_room()]
        self.layer: list[list[RoomNews]] = [[], []]
        self.clients = [Client(self, name) for name in ("ana", "ben", "kim")]

    def fresh_room(self) -> Room:
        room = Room(1)
        room.load(Loaded("e1", len(self.feed), self.feed[-300:], b"{}", dict(self.state)))
        return room

    def publish(self, server: int, count: int) -> None:
        fresh = [wire_event(len(self.feed) + number) for number in range(1, count + 1)]
        self.feed += fresh
        self.tell(server, RoomNews(room=1, epoch="e1", events=fresh))

    def change(self, server: int, key: str) -> None:
        version = self.state.get(key, (0, b""))[0] + 1
        self.state[key] = (version, orjson.dumps({"value": version}))
        self.tell(server, RoomNews(room=1, state={key: self.state[key]}))

    def tell(self, server: int, news: RoomNews) -> None:
        self.rooms[server].add(news)
        self.layer[1 - server].append(news)

    def deliver(self, server: int, place: int, *, twice: bool) -> None:
        if self.layer[server]:
            place %= len(self.layer[server])
            news = self.layer[server][place] if twice else self.layer[server].pop(place)
            self.rooms[server].add(news)

    def lose(self, server: int) -> None:
        self.layer[server].clear()

    def tick(self, server: int, lost_by: int) -> None:
        frame = self.rooms[server].sheet().everyone
        if frame is None:
            return
        for number, client in enumerate(self.clients):
            if client.server != server:
                continue
            if number == lost_by:
                # Events are missed by their numbers; of state the server itself remembers what it did not write.
                client.missed = client.missed or b'"events":[]' in frame.payload
            elif client.missed:
                client.missed = False
                client.line.append(self.rooms[server].greet(b"snapshot", b"null").payload)
            else:
                client.line.append(frame.payload)

    def repair(self, server: int) -> None:
        room = self.rooms[server]
        room.add_missing(self.feed[room.seq :])
        room.refresh(b"{}", dict(self.state))

    def restart(self, server: int) -> None:
        self.rooms[server] = self.fresh_room()
        self.layer[server].clear()
        for client in self.clients:
            if client.server == server:
                client.connect(1 - server)

    def rest(self) -> None:
        """Let repairs, a last figure and all answers arrive."""
        self.change(0, "viewers")
        for server in (0, 1):
            self.repair(server)
            self.tick(server, lost_by=-1)
        for client in self.clients:
            client.read()
        self.change(1, "viewers")
        for server in (0, 1):
            self.repair(server)
            self.tick(server, lost_by=-1)
        for client in self.clients:
            client.read()

    def check(self) -> None:
        head = len(self.feed)
        fresh = orjson.loads(self.fresh_room().greet(b"snapshot", b"null").payload)["snapshot"]
        for client in self.clients:
            first = client.screen[0] if client.screen else head + 1
            assert client.screen == list(range(first, head + 1)), client.name
            assert client.state() == fresh["state"], client.name


SERVER, CLIENT = st.integers(0, 1), st.integers(0, 2)
STEPS = st.one_of(
    st.tuples(st.just("publish"), SERVER, st.integers(1, 4)),
    st.tuples(st.just("publish"), SERVER, st.sampled_from([60, 320])),
    st.tuples(st.just("change"), SERVER, st.sampled_from(KEYS)),
    st.tuples(st.just("deliver"), SERVER, st.integers(0, 9)),
    st.tuples(st.just("again"), SERVER, st.integers(0, 9)),
    st.tuples(st.just("lose"), SERVER, st.just(0)),
    st.tuples(st.just("tick"), SERVER, st.integers(-1, 2)),
    st.tuples(st.just("read"), CLIENT, st.just(0)),
    st.tuples(st.just("connect"), CLIENT, SERVER),
    st.tuples(st.just("repair"), SERVER, st.just(0)),
    st.tuples(st.just("restart"), SERVER, st.just(0)),
)


def play(world: World, steps: list[tuple[str, int, Any]]) -> None:
    for act, who, what in steps:
        if act in ("publish", "change"):
            getattr(world, act)(who, what)
        elif act in ("deliver", "again"):
            world.deliver(who, what, twice=act == "again")
        elif act == "tick":
            world.tick(who, what)
        elif act == "read":
            world.clients[who].read()
        elif act == "connect":
            world.clients[who].connect(what)
        else:
            getattr(world, act)(who)
    world.rest()


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEPS, max_size=60))
def test_at_rest_every_client_shows_what_a_fresh_snapshot_shows(browsers: Browsers, steps: list[tuple[str, int, Any]]):
    world = World(browsers)

    play(world, steps)

    world.check()


def test_a_client_without_gap_detection_misses_events(browsers: Browsers):
    """The negative control: the check above fails once the guard is taken away."""
    chance = random.Random(7)
    acts = ("publish", "tick", "read", "change", "deliver")
    failures = 0
    for _ in range(20):
        world = World(browsers, blind=True)
        steps = [(chance.choice(acts), chance.randrange(2), chance.randrange(1, 3)) for _ in range(40)]
        play(world, [(act, who, KEYS[what] if act == "change" else what) for act, who, what in steps])
        try:
            world.check()
        except AssertionError:
            failures += 1

    assert failures
