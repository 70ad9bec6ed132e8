"""The synthetic crowd: a dozen made-up people who watch, chat, send hearts, hold and buy as real ones do.

Each is one socket and a little patience; together they use a few percent of one core. Their dice are seeded per person,
so that two starts of the demo feel alike and no two people act alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from typing import Any
from uuid import uuid4

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from livecommerce.demo import story
from livecommerce.demo.outside import Declined, Outside

GOOD_CARD, BAD_CARD = "4242424242424242", "4000000000000002"
CHAT_EVERY_SECONDS = 45
HEARTS_EVERY_SECONDS = 12
JOINING_SECONDS = 8
BEHIND_MS = (3_500, 9_000)
WANTS_A_DROP = 0.7
CHANGES_THEIR_MIND = 0.15
CARD_IS_DECLINED = 0.1
SPEAKS_BEFORE_A_DROP, SPEAKS_AFTER_A_DROP = 0.3, 0.5
BUYS_WITHOUT_A_DROP_EVERY_SECONDS = 400

log = structlog.get_logger(__name__)


class Talk:
    """What there is to say: a deck that is dealt to the end before a line comes again, and a team that answers."""

    def __init__(self, team: dict[str, Outside], *, slug: str) -> None:
        self.team, self.slug = team, slug
        self.dice = random.Random(0)
        self.deck: list[str] = []

    def deal(self) -> str:
        if not self.deck:
            self.deck = self.dice.sample(story.SMALL_TALK, len(story.SMALL_TALK))
        return self.deck.pop()

    async def answer(self, question: str) -> None:
        """Let host or chat team answer after a while, if there is an answer."""
        who, words = story.ANSWERS.get(question, ("", ""))
        if who in self.team:
            await asyncio.sleep(self.dice.uniform(6, 15))
            with contextlib.suppress(Declined, OSError):
                await self.team[who].post(f"shows/{self.slug}/messages", {"text": words, "key": uuid4().hex})


class Fan:
    """One made-up viewer with an account."""

    def __init__(self, shop: Outside, talk: Talk, *, name: str, number: int) -> None:
        self.shop, self.talk, self.name, self.slug = shop, talk, name, talk.slug
        self.dice = random.Random(number)
        # A door of one's own: people at one address share the limit of a drop.
        house = story.ADDRESSES[number % len(story.ADDRESSES)]
        self.address = {"name": name, **house, "street": f"{house['street']}, {number + 1}"}
        self.email = f"crowd{number}@demo.test"
        self.seq = 0
        self.behind_ms = self.dice.randint(*BEHIND_MS)
        self.answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.acts: set[asyncio.Task[None]] = set()
        self.socket: ClientConnection | None = None

    async def watch(self) -> None:
        """Watch until cancelled; a lost connection is made again after a while, as a page does."""
        await asyncio.sleep(self.dice.uniform(0, JOINING_SECONDS))
        while True:
            with contextlib.suppress(OSError, WebSocketException):
                async with connect(self.shop.socket_url(self.slug), origin=self.shop.url) as socket:  # type: ignore[arg-type]
                    self.socket = socket
                    await self._stay(socket)
            self._end_acts()
            await asyncio.sleep(self.dice.uniform(2, 8))

    async def _stay(self, socket: ClientConnection) -> None:
        for habit in (self._beat(), self._chat(), self._send_hearts(), self._shop()):
            self._begin(habit)
        async for frame in socket:
            self._hear(json.loads(frame))

    def _hear(self, frame: dict[str, Any]) -> None:
        if "welcome" in frame:
            self.seq = frame["welcome"]["seq"]
        for event in frame.get("events", ()):
            self.seq = event.get("seq", self.seq)
            if event["type"] == "drop.scheduled" and self.dice.random() < SPEAKS_BEFORE_A_DROP:
                self._begin(self._say(self.dice.choice(story.BEFORE_A_DROP), after=self.dice.uniform(2, 15)))
            if event["type"] == "drop.opened" and self.dice.random() < WANTS_A_DROP:
                self._begin(self._want_drop(event["drop"]))
        waiting = self.answers.pop(frame.get("reply", ""), None)
        if waiting and not waiting.done():
            waiting.set_result(frame)

    # Habits: each runs as long as the connection does.

    async def _beat(self) -> None:
        while True:
            # What this person sees now left the studio some seconds ago.
            seen_at = int(time.time() * 1000) - self.behind_ms
            await self._send("beat", seq=self.seq, programme_at=seen_at, behind_ms=self.behind_ms)
            await asyncio.sleep(10)

    async def _chat(self) -> None:
        while True:
            await asyncio.sleep(self.dice.expovariate(1 / CHAT_EVERY_SECONDS))
            words = self.talk.deal()
            await self._say(words)
            self._begin(self.talk.answer(words))

    async def _send_hearts(self) -> None:
        while True:
            await asyncio.sleep(self.dice.expovariate(1 / HEARTS_EVERY_SECONDS))
            await self._send("reaction.send", emoji="heart", count=self.dice.randint(1, 4))

    async def _shop(self) -> None:
        """Now and then something that is pinned or in the line-up goes into the bag, without a drop."""
        while True:
            await asyncio.sleep(self.dice.expovariate(1 / BUYS_WITHOUT_A_DROP_EVERY_SECONDS))
            with contextlib.suppress(Declined, OSError, LookupError):
                snapshot = await self.shop.get(f"shows/{self.slug}/snapshot")
                item = self.dice.choice(snapshot["state"]["pins"][1]["items"])
                variant = self.dice.choice(item["variants"])
                await self._buy(variant=variant["id"], quantity=1)

    # Acts.

    async def _want_drop(self, drop: dict[str, Any]) -> None:
        await asyncio.sleep(min(self.dice.expovariate(1 / 6), 60))
        item = self.dice.choice(drop["items"])
        quantity = self.dice.randint(1, drop["per_buyer"])
        outcome = await self._buy(drop=drop["id"], variant=_variant_id(item), quantity=quantity)
        words = story.AFTER_BUYING if outcome else story.AFTER_MISSING
        if self.dice.random() < SPEAKS_AFTER_A_DROP:
            await self._say(self.dice.choice(words), after=self.dice.uniform(1, 6))

    async def _buy(self, *, quantity: int, **what: int) -> bool:
        """Hold and pay, with second thoughts and declined cards now and then; return whether it was paid."""
        answer = await self._ask("hold.place", **what, quantity=quantity, key=uuid4().hex)
        hold = answer.get("ok")
        if not hold:
            return False
        await asyncio.sleep(self.dice.uniform(6, 25))
        if self.dice.random() < CHANGES_THEIR_MIND:
            await self._send("hold.release", hold=hold["hold"])
            return False
        try:
            return await self._pay(hold["hold"])
        except (Declined, OSError) as refused:
            log.debug("crowd_did_not_pay", who=self.name, why=str(refused))
            return False

    async def _pay(self, hold: int) -> bool:
        order = await self.shop.post(
            "orders", {"holds": [hold], "email": self.email, "address": self.address, "key": uuid4().hex}
        )
        pay = f"orders/{order['code']}/pay"
        if self.dice.random() < CARD_IS_DECLINED:
            with contextlib.suppress(Declined):
                await self.shop.post(pay, {"card": BAD_CARD})
            await asyncio.sleep(self.dice.uniform(8, 20))
        paid = await self.shop.post(pay, {"card": GOOD_CARD})
        return bool(paid["state"] == "paid")

    async def _say(self, text: str, *, after: float = 0) -> None:
        await asyncio.sleep(after)
        seen_at = int(time.time() * 1000) - self.behind_ms
        await self._send("message.post", text=text, key=uuid4().hex, seen_at=seen_at)

    # The socket.

    async def _send(self, kind: str, **fields: Any) -> str:
        name = uuid4().hex[:8]
        if self.socket:
            await self.socket.send(json.dumps({"type": kind, "id": name, **fields}))
        return name

    async def _ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a command and wait for its reply; no reply in time counts as a refusal."""
        name = await self._send(kind, **fields)
        self.answers[name] = asyncio.get_running_loop().create_future()
        try:
            return await asyncio.wait_for(self.answers[name], 10)
        except TimeoutError:
            return {}
        finally:
            self.answers.pop(name, None)

    def _begin(self, act: Any) -> None:
        task = asyncio.create_task(self._do(act))
        self.acts.add(task)
        task.add_done_callback(self.acts.discard)

    async def _do(self, act: Any) -> None:
        with contextlib.suppress(OSError, WebSocketException):
            await act

    def _end_acts(self) -> None:
        for task in self.acts:
            task.cancel()


def _variant_id(item: dict[str, Any]) -> int:
    variant = item["variant"]
    return int(variant["id"] if isinstance(variant, dict) else variant)


async def gather_crowd(people: list[tuple[str, Outside]], talk: Talk) -> None:
    """Let people in, each with a name and a way into the shop, and keep them there until cancelled."""
    fans = [Fan(shop, talk, name=name, number=number) for number, (name, shop) in enumerate(people, start=1)]
    await asyncio.gather(*(fan.watch() for fan in fans))
