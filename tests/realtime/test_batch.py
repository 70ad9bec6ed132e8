import asyncio
import threading
import time
from collections.abc import Hashable

import pytest

from livecommerce.errors import Refused
from livecommerce.realtime import hub
from livecommerce.realtime.batch import Batch, Busy
from livecommerce.realtime.hub import Hub
from tests.realtime.conftest import ended


class Odd(Refused):
    code = "odd"


async def test_requests_of_one_subject_are_decided_together_in_arrival_order():
    rounds: list[list[int]] = []

    def decide(subject: Hashable, items: list[int]) -> list[int]:
        rounds.append(items)
        time.sleep(0.02)
        return [item * 10 for item in items]

    batch = Batch("test", decide)
    first = batch.ask_soon("a", 0)
    await asyncio.sleep(0.01)
    answers = await asyncio.gather(first, *(batch.ask("a", number) for number in range(1, 100)))

    assert answers == [number * 10 for number in range(100)]
    assert [item for items in rounds for item in items] == list(range(100))
    assert len(rounds) == 2


async def test_requests_in_threads_are_decided_with_those_of_the_sockets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Hub, "company", [])
    rounds: list[int] = []

    def decide(subject: Hashable, items: list[int]) -> list[int | Exception]:
        rounds.append(len(items))
        time.sleep(0.1)
        return [Odd() if item == 7 else item * 10 for item in items]

    batch: Batch[int, int] = Batch("test", decide)
    here = hub.here()
    over_socket = batch.ask_soon("a", 100)
    await asyncio.sleep(0.02)

    asked = (asyncio.to_thread(batch.ask_from_thread, "a", number) for number in range(6, 9))
    answers = await asyncio.gather(over_socket, batch.ask("a", 101), *asked, return_exceptions=True)

    assert [answer if isinstance(answer, int) else type(answer) for answer in answers] == [1000, 1010, 60, Odd, 80]
    assert rounds == [1, 4]
    await ended(here)


async def test_a_paced_subject_answers_the_first_at_once_and_then_many_together():
    rounds: list[tuple[float, int]] = []

    def decide(subject: Hashable, items: list[int]) -> list[int]:
        rounds.append((time.monotonic(), len(items)))
        return items

    batch = Batch("test", decide, pace=0.2)
    began = time.monotonic()
    assert await batch.ask("a", 0) == 0
    assert time.monotonic() - began < 0.15

    answers = [batch.ask_soon("a", number) for number in range(1, 5)]
    await asyncio.sleep(0.1)
    await asyncio.gather(*answers, batch.ask("a", 5))

    assert [count for _, count in rounds] == [1, 5]
    assert rounds[1][0] - rounds[0][0] >= 0.19


def test_without_sockets_a_request_is_decided_at_once():
    batch: Batch[int, int] = Batch("test", lambda subject, items: [item * 10 for item in items])

    assert batch.ask_from_thread("a", 1) == 10


async def test_answers_are_handed_out_while_the_next_batch_is_decided():
    gate = threading.Event()

    def decide(subject: Hashable, items: list[int]) -> list[int]:
        if items != [1]:
            assert gate.wait(5)
        return items

    batch = Batch("test", decide, max_batch=1)
    first, second = batch.ask_soon("a", 1), batch.ask_soon("a", 2)

    assert await asyncio.wait_for(first, 2) == 1
    gate.set()
    assert await second == 2


async def test_a_busy_subject_leaves_the_threads_to_others():
    busy = True

    def decide(subject: Hashable, items: list[int]) -> list[int]:
        time.sleep(0.01)
        return items

    batch = Batch("test", decide)

    async def person(subject: str) -> None:
        while busy:
            await batch.ask(subject, 1)

    # More subjects that never rest than there are threads.
    crowd = [asyncio.create_task(person(f"busy {number}")) for number in range(8) for _ in range(3)]
    await asyncio.sleep(0.05)

    assert await asyncio.wait_for(batch.ask("quiet", 7), 5) == 7
    busy = False
    await asyncio.gather(*crowd)


async def test_each_caller_gets_its_own_refusal():
    def decide(subject: Hashable, items: list[int]) -> list[int | Exception]:
        return [Odd() if item % 2 else item for item in items]

    batch: Batch[int, int] = Batch("test", decide)

    answers = await asyncio.gather(*(batch.ask("a", number) for number in range(4)), return_exceptions=True)

    assert [type(answer) for answer in answers] == [int, Odd, int, Odd]


async def test_a_bad_item_never_fails_its_neighbours():
    def decide(subject: Hashable, items: list[int]) -> list[int]:
        if 3 in items:
            raise ZeroDivisionError
        return items

    batch = Batch("test", decide)

    answers = await asyncio.gather(*(batch.ask("a", number) for number in range(6)), return_exceptions=True)

    assert [answer for answer in answers if isinstance(answer, int)] == [0, 1, 2, 4, 5]
    assert isinstance(answers[3], ZeroDivisionError)


async def test_subjects_do_not_wait_for_each_other():
    gate = threading.Event()

    def decide(subject: Hashable, items: list[int]) -> list[int]:
        if subject == "slow":
            gate.wait(5)
        return items

    batch = Batch("test", decide)
    slow = batch.ask_soon("slow", 1)

    assert await asyncio.wait_for(batch.ask("quick", 2), 2) == 2
    gate.set()
    assert await slow == 1


async def test_a_full_queue_says_when_to_come_back():
    batch = Batch("test", lambda subject, items: items, max_waiting=3)
    waiting = [batch.ask_soon("a", number) for number in range(3)]

    with pytest.raises(Busy) as refused:
        await batch.ask("a", 4)

    assert refused.value.retry_in
    assert await asyncio.gather(*waiting) == [0, 1, 2]
    assert await batch.ask("a", 5) == 5


async def test_closing_answers_what_was_taken_and_takes_nothing_more():
    batch = Batch("test", lambda subject, items: items)
    waiting = [batch.ask_soon("a", number) for number in range(3)]

    await batch.close()

    assert [future.result() for future in waiting] == [0, 1, 2]
    with pytest.raises(Busy):
        await batch.ask("a", 4)


async def test_a_caller_who_went_away_does_not_stop_the_others():
    def decide(subject: Hashable, items: list[int]) -> list[int]:
        time.sleep(0.02)
        return items

    batch = Batch("test", decide)
    gone, there = batch.ask_soon("a", 1), batch.ask_soon("a", 2)
    gone.cancel()

    assert await there == 2


def test_without_an_event_loop_the_same_verb_works_for_one():
    batch: Batch[int, int] = Batch("test", lambda subject, items: [Odd() if item < 0 else item for item in items])

    assert batch.decide_one("a", 1) == 1
    with pytest.raises(Odd):
        batch.decide_one("a", -1)
