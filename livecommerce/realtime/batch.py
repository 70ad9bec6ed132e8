"""Group commit: what thousands do at once is decided in arrival order, many in one transaction, each with an answer.

Requests for one subject (a drop, a show's feed) collect while the previous batch of that subject is being decided, so a
quiet subject waits almost nothing and a busy one shares its commits. Locks and constraints keep the result right when
several processes batch the same subject; the batch only makes it fast.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ClassVar

from django.db import close_old_connections, connection

from livecommerce.errors import Refused
from livecommerce.realtime import roads

logger = logging.getLogger(__name__)

# Few threads: each holds a database connection, and more would only wait for the same rows.
_THREADS = 4
# A request that waits longer is told to try again; its key finds the answer then.
_THREAD_WAITS = 10.0
# A subject that is asked without end leaves its thread to others after this long, and comes back behind them.
_STAY_SECONDS = 0.05
_pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="batch")


class Busy(Refused):
    """So many wait already that this one would not be answered soon; nothing was written."""

    code = "busy"
    status = 503
    message = "Very many people are doing this right now. Nothing was lost; it is tried again in a moment."


type _Asked[Item, Answer] = tuple[Item, asyncio.Future[Answer]]


class Batch[Item, Answer]:
    """Collects requests per subject and has them decided together.

    ``decide(subject, items)`` runs in a thread, opens its own transaction and returns one answer or exception per item,
    in order. If it raises, the items are decided one by one, so that a bad one fails alone.
    """

    everyone: ClassVar[list[Batch[Any, Any]]] = []

    def __init__(
        self,
        name: str,
        decide: Callable[[Any, list[Item]], Sequence[Answer | Exception]],
        *,
        max_batch: int = 500,
        max_waiting: int = 20_000,
        linger: float = 0.002,
        pace: float = 0.0,
    ) -> None:
        self.name = name
        self._decide = decide
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        # How long the first of a quiet subject waits for company, in seconds.
        self._linger = linger
        # A busy subject is decided at most this often, in seconds, and at most half of the time: every round costs the
        # same few statements, and while one is decided the loop writes to its viewers at half its speed.
        self._pace = pace
        self._waiting: dict[Hashable, deque[_Asked[Item, Answer]]] = {}
        self._rounds: set[asyncio.Task[None]] = set()
        self._count = 0
        self._closed = False
        Batch.everyone.append(self)

    async def ask(self, subject: Hashable, item: Item) -> Answer:
        """Have one item decided; return its answer after the commit.

        :raises Busy: too many wait; also anything that ``decide`` gave for this item.
        """
        return await self.ask_soon(subject, item)

    def ask_soon(self, subject: Hashable, item: Item) -> asyncio.Future[Answer]:
        """Do the same without a coroutine. Call it on the event loop."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if self._closed or self._count >= self._max_waiting:
            future.set_exception(Busy(retry_in=2.0))
            return future
        self._count += 1
        queue = self._waiting.get(subject)
        if queue is None:
            self._waiting[subject] = queue = deque()
            round_ = asyncio.get_running_loop().create_task(self._rounds_of(subject, queue))
            self._rounds.add(round_)
            round_.add_done_callback(self._rounds.discard)
        queue.append((item, future))
        return future

    def ask_from_thread(self, subject: Hashable, item: Item) -> Answer:
        """Have one item decided with those of the sockets of this process; without any, here and now.

        For a view in a thread of the web server. It waits for the answer, and the loop that decides never waits for it.

        :raises Busy: too many wait, or it took too long; also anything that ``decide`` gave for this item.
        """
        hub = roads.hub_here()
        if hub is None or not hub.loop.is_running() or asyncio._get_running_loop() is hub.loop:
            return self.decide_one(subject, item)
        if not connection.in_atomic_block:
            # Back to the pool while it waits: those who decide need one, and a rush of waiters would have them all.
            connection.close()
        asked = asyncio.run_coroutine_threadsafe(self.ask(subject, item), hub.loop)
        try:
            return asked.result(_THREAD_WAITS)
        except TimeoutError as error:
            raise Busy(retry_in=2.0) from error

    def decide_one(self, subject: Hashable, item: Item) -> Answer:
        """Decide one item here and now, for callers without an event loop: a view, a task, a test.

        :raises: whatever ``decide`` gave for this item.
        """
        answer = self._decide(subject, [item])[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Take nothing more and wait until all that was taken is answered."""
        self._closed = True
        while self._rounds:
            await asyncio.wait(self._rounds)

    async def _rounds_of(self, subject: Hashable, queue: deque[_Asked[Item, Answer]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(self._linger)
            while queue:
                began = loop.time()
                try:
                    await in_thread(self._decide_waiting, subject, queue, loop)
                except Exception as error:
                    # No thread to be had: nothing was taken out, nothing was decided.
                    self._give(list(queue), [error] * len(queue))
                    queue.clear()
                paced = self._pace and len(queue) < self._max_batch and not self._closed
                took = loop.time() - began
                # Even without a pace: who has just been answered may ask again at once, and need not linger then.
                await asyncio.sleep(max(self._pace - took, took) if paced else 0)
        finally:
            self._count -= len(queue)
            del self._waiting[subject]

    def _decide_waiting(
        self, subject: Hashable, queue: deque[_Asked[Item, Answer]], loop: asyncio.AbstractEventLoop
    ) -> None:
        """Decide batch after batch while anybody waits, in one thread with one connection; with a pace, one batch.

        The loop hands out the answers of a batch while the next one is being decided.
        """
        leave_at = time.monotonic() + (0 if self._pace else _STAY_SECONDS)
        while queue:
            taken = [queue.popleft() for _ in range(min(len(queue), self._max_batch))]
            answers: Sequence[Answer | Exception]
            try:
                answers = self._answers(subject, [item for item, _ in taken])
            except Exception as error:
                answers = [error] * len(taken)
            loop.call_soon_threadsafe(self._give, taken, answers)
            if time.monotonic() >= leave_at:
                return

    def _give(self, taken: Sequence[_Asked[Item, Answer]], answers: Sequence[Answer | Exception]) -> None:
        self._count -= len(taken)
        for (_, future), answer in zip(taken, answers, strict=True):
            if future.done():
                continue  # Its caller went away; the decision stands.
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _answers(self, subject: Hashable, items: list[Item]) -> Sequence[Answer | Exception]:
        try:
            answers = self._decide(subject, items)
        except Exception:
            if len(items) > 1:
                logger.exception("batch %s: %d items are decided one by one", self.name, len(items))
                return [self._answer_alone(subject, item) for item in items]
            raise
        if len(answers) != len(items):
            raise AssertionError(f"{self.name}: {len(items)} items, {len(answers)} answers")
        return answers

    def _answer_alone(self, subject: Hashable, item: Item) -> Answer | Exception:
        try:
            return self._decide(subject, [item])[0]
        except Exception as error:
            return error


async def in_thread[**P, Result](verb: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Run a verb that uses the database in one of a few threads kept for it, away from the event loop."""
    call = partial(_with_connection, partial(verb, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_pool, call)


def _with_connection[Result](verb: Callable[[], Result]) -> Result:
    close_old_connections()
    try:
        return verb()
    finally:
        close_old_connections()


async def close_all() -> None:
    """Finish every batch of this process."""
    await asyncio.gather(*(batch.close() for batch in Batch.everyone))
