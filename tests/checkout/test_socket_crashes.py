"""Mid-rush behind real sockets, a web process, the database or Redis dies by kill -9. Whoever heard yes has the unit,
nothing is lost or doubled, and the queue goes on. Servers and sockets stay from one run to the next.
"""

import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.checkout.arena import LAY_OUT, ROOT, SEEDS, Arena
from tests.checkout.thumbs import Crowd
from tests.servers.child import Child, free_port, is_listening
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis

pytestmark = pytest.mark.race

UNITS, BUYERS, WEB = 40, 60, 3

SIT_DOWN = """
from livecommerce.accounts.models import Visitor
from livecommerce.accounts.visitors import guest_token
people = Visitor.objects.bulk_create(Visitor() for _ in range({buyers}))
result = [(str(one.pk), guest_token(one.pk)) for one in people]
"""

NEW_DROP = """
from datetime import timedelta
from catalog.models import Variant
from livecommerce.clock import database_now
from livecommerce.money import Money
from streams.drops import announce_drop, close_drop
from streams.models import Drop, Show
now = database_now()
for drop in Drop.objects.running():
    close_drop(drop=drop, now=now)
drop = announce_drop(
    show=Show.objects.get(), items=[(Variant.objects.get(), {units})], price=Money(2100, "EUR"), per_buyer=1,
    opens_in=0, window=600, actor=None, now=now - timedelta(seconds={open_since}),
)
result = {"drop": drop.pk, "opens_at": drop.opens_at.timestamp()}
"""

FIRST_IN_LINE = """
from checkout.models import QueuePlace
place = QueuePlace.objects.waiting().filter(drop={drop}).first()
result = str(place.buyer_id)
"""

LOSE = """
from checkout.models import Hold
Hold.objects.filter(pk={hold}).update(state={state!r})
result = None
"""


class House:
    """Three web processes on a durable PostgreSQL and a Redis; one is killed while the one before still starts."""

    def __init__(self, arena: Arena, redis: Redis, folder: Path) -> None:
        self.arena, self.redis, self.folder = arena, redis, folder
        self.environment = {**arena.environment, "REDIS_URL": redis.url, "RATE_LIMITS": "off"}
        self.ports = [free_port() for _ in range(WEB)]
        self.web = [self.begin(port) for port in self.ports]
        self.is_whole()

    @property
    def urls(self) -> list[str]:
        return [f"ws://127.0.0.1:{port}/ws/shows/crash/" for port in self.ports]

    def begin(self, port: int) -> Child:
        command = [sys.executable, "manage.py", "serve", "--web-only", "--host", "127.0.0.1", "--port", str(port)]
        return Child(command, log=self.folder / f"web-{port}.log", env=self.environment, cwd=ROOT)

    def is_whole(self) -> None:
        """Wait until every process listens."""
        for port, child in zip(self.ports, self.web, strict=True):
            child.wait_until(lambda port=port: is_listening(port))  # type: ignore[misc]

    def lose_web(self, number: int) -> None:
        self.web[number].wait_until(lambda: is_listening(self.ports[number]))
        self.web[number].kill()
        self.web[number] = self.begin(self.ports[number])

    def lose_database(self) -> None:
        self.arena.postgres.crash()
        self.arena.postgres.run()

    def lose_redis(self) -> None:
        self.redis.child.kill()
        self.redis.start()

    def new_drop(self, *, units: int, open_since: float = 30) -> dict[str, Any]:
        return self.arena.run(NEW_DROP.replace("{units}", str(units)).replace("{open_since}", str(open_since)))

    def close(self) -> None:
        for child in self.web:
            child.kill()


@pytest.fixture(scope="module")
def house() -> Generator[House]:
    with (
        Postgres(durable=True) as postgres,
        Redis() as redis,
        tempfile.TemporaryDirectory(prefix="vitrine-sockets-") as folder,
    ):
        arena = Arena(postgres, folder)
        arena.migrate()
        arena.run(LAY_OUT)
        house = House(arena, redis, Path(folder))
        yield house
        house.close()
        arena.close()


@pytest.fixture(scope="module")
def sit_down(house: House) -> Callable[[int], Crowd]:
    return lambda buyers: Crowd(house.arena.run(SIT_DOWN.replace("{buyers}", str(buyers))), house.urls)


@pytest.fixture(scope="module")
def crowd(sit_down: Callable[[int], Crowd]) -> Generator[Crowd]:
    crowd = sit_down(BUYERS)
    yield crowd
    crowd.go_home()


def rush(house: House, crowd: Crowd, seed: int, strike: Callable[[], None]) -> dict[str, int]:
    """Run one rush with its strike and prove what has to be true afterwards; return what was acknowledged."""
    drop = house.new_drop(units=UNITS)["drop"]

    answers = crowd.do(crowd.rush(drop=drop, seed=seed, strike=strike))

    acknowledged = {visitor: answer["ok"]["hold"] for visitor, answer in answers.items() if "ok" in answer}
    refused = {visitor: answer["error"]["code"] for visitor, answer in answers.items() if "error" in answer}
    assert house.arena.held(drop) == acknowledged, "".join(child.tail() for child in house.web)
    assert len(acknowledged) == UNITS
    assert set(refused.values()) == {"drop.sold_out"}
    the_queue_goes_on(house, crowd, drop, acknowledged, list(refused))
    assert house.arena.audit() == []
    return acknowledged


def the_queue_goes_on(house: House, crowd: Crowd, drop: int, acknowledged: dict[str, int], refused: list[str]) -> None:
    """Who was refused stands in line; what an owner gives back is the first one's, who takes it by tapping."""
    places = crowd.do(crowd.queue_up(refused, drop))
    assert sorted(place["ok"]["position"] for place in places) == list(range(1, len(refused) + 1))
    first = house.arena.run(FIRST_IN_LINE.replace("{drop}", str(drop)))
    owner, hold = next(iter(acknowledged.items()))

    assert "ok" in crowd.do(crowd.of(owner).ask(type="hold.release", hold=hold))
    taken = crowd.do(crowd.of(first).ask(type="hold.place", drop=drop, quantity=1, key=f"offer {drop}"))

    assert house.arena.held(drop)[first] == taken["ok"]["hold"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_web_process_has_kept_every_promise_it_made(house: House, crowd: Crowd, seed: int):
    rush(house, crowd, seed, lambda: house.lose_web(seed % WEB))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_database_has_kept_every_promise_made_over_sockets(house: House, crowd: Crowd, seed: int):
    rush(house, crowd, seed, house.lose_database)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_redis_takes_no_promise_with_it(house: House, crowd: Crowd, seed: int):
    rush(house, crowd, seed, house.lose_redis)


def test_a_promise_that_is_broken_is_noticed(house: House, crowd: Crowd):
    """The control of the three above: one unit of one buyer goes astray, and the same checks say so."""
    acknowledged = rush(house, crowd, 0, lambda: None)
    _, *hold = acknowledged.values()
    house.arena.run(LOSE.format(hold=hold[0], state="released"))

    assert any(sentence.startswith("holds: taken is") for sentence in house.arena.audit())

    house.arena.run(LOSE.format(hold=hold[0], state="held"))


def test_of_five_hundred_taps_in_one_moment_three_win_and_all_hear_of_it(
    house: House, sit_down: Callable[[int], Crowd]
):
    house.is_whole()
    everybody = sit_down(500)
    drop = house.new_drop(units=3, open_since=5)

    answers, _ = everybody.do(everybody.tap_at(drop["opens_at"], drop["drop"]))

    everybody.go_home()
    won = [answer for answer in answers if "ok" in answer]
    assert len(won) == len(house.arena.held(drop["drop"])) == 3
    assert [answer["error"]["code"] for answer in answers if "error" in answer] == ["drop.sold_out"] * 497
    assert house.arena.audit() == []
