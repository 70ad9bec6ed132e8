"""Buyers behind real sockets, with the rules of the browser's client: a lost connection is opened again elsewhere, and
what was not answered is asked again with the same key. They live in a thread of their own, from one rush to the next.
"""

import asyncio
import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

ANSWER_SECONDS = 5.0
RECONNECT_SECONDS = 0.1


class Thumb:
    """One buyer."""

    def __init__(self, visitor: str, token: str, urls: Sequence[str], first: int) -> None:
        self.visitor = visitor
        self._urls = itertools.cycle([f"{url}?visitor={token}" for url in [*urls[first:], *urls[:first]]])
        self._socket: ClientConnection | None = None
        self._welcomed = asyncio.Event()
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._living = asyncio.create_task(self._live())

    async def _live(self) -> None:
        while True:
            with suppress(OSError, websockets.WebSocketException, TimeoutError):
                async with websockets.connect(next(self._urls), open_timeout=5, close_timeout=1) as self._socket:
                    async for text in self._socket:
                        self._hear(json.loads(text))
            self._welcomed.clear()
            for waiting in self._answers.values():
                waiting.cancel()
            await asyncio.sleep(RECONNECT_SECONDS)

    def _hear(self, message: dict[str, Any]) -> None:
        if "welcome" in message:
            self._welcomed.set()
        waiting = self._answers.get(message.get("reply") or "")
        if waiting and not waiting.done():
            waiting.set_result(message)

    async def is_seated(self) -> None:
        await self._welcomed.wait()

    async def ask(self, **command: Any) -> dict[str, Any]:
        """Ask until there is an answer that decides; return it. The key makes it one wish, however often it is sent."""
        name = f"{command['type']} {command.get('key') or command.get('drop') or command.get('hold')}"
        while True:
            await self._welcomed.wait()
            waiting = self._answers[name] = asyncio.get_running_loop().create_future()
            try:
                assert self._socket
                await self._socket.send(json.dumps({"id": name, **command}))
                async with asyncio.timeout(ANSWER_SECONDS):
                    answer = await waiting
            except (websockets.ConnectionClosed, TimeoutError, asyncio.CancelledError):
                if asyncio.current_task().cancelling():  # type: ignore[union-attr]
                    raise
                await asyncio.sleep(RECONNECT_SECONDS)
                continue
            wait = answer.get("error", {}).get("retry_in")
            if wait is None:
                return answer
            # "Busy", "something broke on our side", "not open yet": nothing is decided.
            await asyncio.sleep(min(wait, 0.2))

    async def leave(self) -> None:
        self._living.cancel()
        with suppress(asyncio.CancelledError):
            await self._living


class Crowd:
    """Many buyers on one event loop."""

    def __init__(self, people: Sequence[tuple[str, str]], urls: Sequence[str]) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.thumbs: list[Thumb] = self.do(self._sit_down(people, urls))

    def do[Result](self, work: Coroutine[Any, Any, Result], *, seconds: float = 90) -> Result:
        """Have something done on the loop of the buyers."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    async def _sit_down(self, people: Sequence[tuple[str, str]], urls: Sequence[str]) -> list[Thumb]:
        thumbs: list[Thumb] = []
        for some in itertools.batched(people, 50):
            here = [Thumb(visitor, token, urls, n % len(urls)) for n, (visitor, token) in enumerate(some)]
            await asyncio.gather(*(thumb.is_seated() for thumb in here))
            thumbs += here
        return thumbs

    async def rush(self, *, drop: int, seed: int, strike: Callable[[], None]) -> dict[str, dict[str, Any]]:
        """Everybody taps within half a second, and in it something is struck; return the answers by buyer."""
        dice = random.Random(seed)

        async def tap(thumb: Thumb, after: float) -> dict[str, Any]:
            await asyncio.sleep(after)
            return await thumb.ask(type="hold.place", drop=drop, quantity=1, key=f"drop {drop}")

        async def strike_later(after: float) -> None:
            await asyncio.sleep(after)
            await asyncio.to_thread(strike)

        striking = asyncio.create_task(strike_later(dice.uniform(0.02, 0.45)))
        answers = await asyncio.gather(*(tap(thumb, dice.uniform(0, 0.5)) for thumb in self.thumbs))
        await striking
        return {thumb.visitor: answer for thumb, answer in zip(self.thumbs, answers, strict=True)}

    async def queue_up(self, visitors: Sequence[str], drop: int) -> list[dict[str, Any]]:
        """Stand in line."""
        return await asyncio.gather(*(self.of(visitor).ask(type="queue.join", drop=drop) for visitor in visitors))

    async def tap_at(self, moment: float, drop: int) -> tuple[list[dict[str, Any]], float]:
        """Everybody taps at one moment (seconds since the epoch); return the answers and how long the last one took."""
        await asyncio.sleep(moment - time.time())
        began = time.monotonic()
        taps = [thumb.ask(type="hold.place", drop=drop, quantity=1, key=f"drop {drop}") for thumb in self.thumbs]
        return await asyncio.gather(*taps), time.monotonic() - began

    def of(self, visitor: str) -> Thumb:
        return next(thumb for thumb in self.thumbs if thumb.visitor == visitor)

    def go_home(self) -> None:
        async def leave() -> None:
            await asyncio.gather(*(thumb.leave() for thumb in self.thumbs))

        self.do(leave())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
