"""Faults with real servers: two web processes behind nginx, PostgreSQL, Redis. What was acknowledged is never lost."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.realtime.serving import House, Viewer, signal_child, until

VIEWERS = 24


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    house = House()
    yield house
    house.close()


@pytest.fixture
async def viewers(house: House) -> AsyncIterator[list[Viewer]]:
    """Half of them on each process, none through nginx, so that a test knows who is where."""
    urls = [f"ws://127.0.0.1:{port}/ws/shows/bench/" for port in house.ports]
    people = [Viewer(urls[number % 2], house.tokens[number]) for number in range(VIEWERS)]
    await until(lambda: all(person.epoch for person in people), seconds=30)
    yield people
    for person in people:
        await person.leave()


def check(viewers: list[Viewer], said: list[str]) -> None:
    """Everyone saw each acknowledged message once, in one order, without a hole."""
    for viewer in viewers:
        seqs = viewer.seqs()
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        mine = [text for text in viewer.texts() if text in set(said)]
        assert sorted(mine) == sorted(said)
    orders = {tuple(text for text in viewer.texts() if text in set(said)) for viewer in viewers}
    assert len(orders) == 1


async def talk(viewers: list[Viewer], name: str, count: int) -> list[str]:
    texts = [f"{name}-{number}-{time.time_ns()}" for number in range(count)]
    posts = [viewers[number % len(viewers)].post(text) for number, text in enumerate(texts)]
    answers = await asyncio.gather(*posts)
    assert all("ok" in answer for answer in answers), answers
    return texts


async def all_see(viewers: list[Viewer], said: list[str], *, seconds: float) -> float:
    return await until(
        lambda: all(set(said) <= set(viewer.texts()) for viewer in viewers), seconds=seconds, what="not everyone saw it"
    )


async def test_a_message_in_one_process_reaches_viewers_of_the_other_in_the_same_order(
    house: House, viewers: list[Viewer]
):
    said = await talk(viewers, "both", 60)

    await all_see(viewers, said, seconds=10)

    check(viewers, said)


async def test_redis_restarted_with_loss_costs_two_seconds_and_no_message(house: House, viewers: list[Viewer]):
    said = await talk(viewers, "before", 10)
    house.stage.redis.child.kill()
    said += await talk(viewers, "without", 10)
    late = await all_see(viewers, said, seconds=20)
    house.stage.redis.start()
    await asyncio.sleep(4)
    began = time.monotonic()
    said += await talk(viewers, "after", 10)
    await all_see(viewers, said, seconds=20)

    check(viewers, said)
    assert late < 10
    assert time.monotonic() - began < 10


async def test_a_killed_process_loses_nothing_that_was_acknowledged(house: House, viewers: list[Viewer]):
    said = await talk(viewers, "before", 10)
    talking = asyncio.create_task(talk(viewers, "meanwhile", 30))
    await asyncio.sleep(0.05)
    house.web[0].kill()
    house.web[0] = house.serve(house.ports[0])

    said += await asyncio.wait_for(talking, 60)

    await all_see(viewers, said, seconds=30)
    check(viewers, said)


async def test_a_process_that_stood_still_for_a_while_catches_up(house: House, viewers: list[Viewer]):
    awake = [viewer for number, viewer in enumerate(viewers) if number % 2]
    signal_child(house.web[0], signal.SIGSTOP)
    try:
        said = await talk(awake, "stopped", 20)
        await asyncio.sleep(20)
    finally:
        signal_child(house.web[0], signal.SIGCONT)

    await all_see(viewers, said, seconds=30)
    check(viewers, said)


async def test_a_rolling_restart_under_load_loses_nothing(house: House):
    front = f"ws://127.0.0.1:{house.front}/ws/shows/bench/"
    viewers = [Viewer(front, house.tokens[number]) for number in range(VIEWERS)]
    await until(lambda: all(viewer.epoch for viewer in viewers), seconds=30)
    said: list[str] = []
    talking = asyncio.create_task(talk_on(viewers, said, seconds=25))
    for number in range(len(house.web)):
        await asyncio.sleep(2)
        assert await house.restart(number, seconds=40) == 0
    await talking

    await all_see(viewers, said, seconds=30)
    check(viewers, said)
    assert {code for viewer in viewers for code in viewer.closes} <= {1012}
    for viewer in viewers:
        await viewer.leave()


async def talk_on(viewers: list[Viewer], said: list[str], *, seconds: float) -> None:
    until_then = time.monotonic() + seconds
    while time.monotonic() < until_then:
        said += await talk(viewers, "rolling", 5)
        await asyncio.sleep(0.2)
