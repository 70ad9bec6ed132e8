"""The hub: one per process, it joins a tick's news per room and writes them once to each of its sockets.

Rule guarded here: whatever the channel layer loses is found by numbers and repaired from the feed within two seconds.
A room that nobody here watches is not kept, subscribed or asked for. Everything runs on one event loop; publishers in
other threads come in through ``roads``.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar
from uuid import UUID

import orjson
from channels.layers import get_channel_layer
from prometheus_client import Gauge

from livecommerce.realtime import feed, roads
from livecommerce.realtime.batch import in_thread
from livecommerce.realtime.dismissal import Dismissal
from livecommerce.realtime.news import AlikeNews, RoomNews
from livecommerce.realtime.pressure import Pressure, Relief
from livecommerce.realtime.protocol import CLOSE_TOO_SLOW
from livecommerce.realtime.pulse import Pulse
from livecommerce.realtime.room import Loaded, Room, Seat
from livecommerce.realtime.wire import Frame

logger = logging.getLogger(__name__)

SOCKETS = Gauge("live_sockets", "Sockets that watch a show in this process.")
ROOMS = Gauge("live_rooms", "Shows that somebody watches in this process.")
DELIVERIES = Gauge("live_deliveries", "Frames written to viewers since this process started.")

REPAIR_SECONDS = 1.0
REFRESH_SECONDS = 3.0
SWEEP_SECONDS = 2.0
FEEL_SECONDS = 0.25
EMPTY_SECONDS = 30.0
# Seconds between the closing of two lost sockets.
CLOSING_PAUSE = 0.015
_JOIN_TIMEOUT = 2.0
_MEND_EVENTS = 1000

type Show = dict[str, Any]
type State = dict[str, tuple[int, dict[str, Any]]]
# What a snapshot shows beside the feed; the roof composes it from the apps.
type Source = Callable[[int], tuple[Show, State]]


class Hub:
    """The rooms that this process's clients watch."""

    source: ClassVar[Source]
    # What else runs as long as the hub, given by the roof.
    company: ClassVar[list[Callable[[Hub], Coroutine[Any, Any, None]]]] = []

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.rooms: dict[int, Room] = {}
        self.pressure = Pressure()
        self.came = self.left = 0
        self._pulses: dict[int, Pulse] = {}
        self._opening: dict[int, asyncio.Task[Room]] = {}
        self._empty_since: dict[int, float] = {}
        self._by_viewer: dict[UUID, set[Seat]] = {}
        self._carrier: roads.Carrier | None = None
        self._channel = ""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._delivered = 0

    def start(self) -> None:
        """Become the hub of this process. Call it on the loop."""
        self._carrier = roads.open_here(self)
        SOCKETS.set_function(lambda: sum(len(room.seats) for room in list(self.rooms.values())))
        ROOMS.set_function(lambda: len(self.watched()))
        DELIVERIES.set_function(self.deliveries)
        for chore in (
            self._repair_forever(),
            self._refresh_forever(),
            self._close_lost_forever(),
            self._sweep_forever(),
            self._count_forever(),
            self._feel_forever(),
        ):
            self._do(chore)
        for join in self.company:
            self._do(join(self))
        if self._carrier is not None:
            self._do(self._receive_forever())

    async def stop(self) -> None:
        """End the chores, after the last news have left; sockets are closed before by whoever drains them."""
        if self._carrier is not None:
            await self._carrier.rest()
        roads.close_here(self)
        for pulse in self._pulses.values():
            pulse.stop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Seats ------------------------------------------------------------

    async def open(self, room_id: int) -> Room:
        """Return a room, loaded once however many ask for it at the same moment."""
        opening = self._opening.get(room_id)
        if opening is None:
            room = self.rooms.get(room_id)
            if room is not None:
                return room
            opening = self._opening[room_id] = self._do(self._open(room_id))
            opening.add_done_callback(lambda _: self._opening.pop(room_id, None))
        return await asyncio.shield(opening)

    def seat(self, room: Room, seat: Seat) -> None:
        """Let a client have the room's next tick; greet it in the same step, so that it misses nothing."""
        room.seats.add(seat)
        self.came += 1
        self._empty_since.pop(room.id, None)
        if seat.visitor_id is not None:
            self._by_viewer.setdefault(seat.visitor_id, set()).add(seat)

    def leave(self, room: Room, seat: Seat) -> None:
        """Forget a client; doing it twice is harmless."""
        self.left += seat in room.seats
        room.seats.discard(seat)
        if seat.visitor_id is not None and seat.visitor_id in self._by_viewer:
            mine = self._by_viewer[seat.visitor_id]
            mine.discard(seat)
            if not mine:
                del self._by_viewer[seat.visitor_id]
        if not room.seats:
            self._empty_since.setdefault(room.id, time.monotonic())

    def watched(self) -> list[Room]:
        """Return the rooms that somebody here watches."""
        return [room for room in self.rooms.values() if room.seats]

    def deliveries(self) -> int:
        """Count the frames that were written to viewers."""
        return self._delivered + sum(pulse.deliveries for pulse in list(self._pulses.values()))

    # News ------------------------------------------------------------

    def take(self, news: RoomNews) -> None:
        """Take in news of this process, or of another one."""
        room = self.rooms.get(news.room)
        if room is None:
            return
        if not room.add(news):
            self._do(self._reload(room))
        elif room.has_news():
            self._pulses[room.id].soon(urgent=news.urgent)

    def take_private(self, visitor_id: UUID, wire: bytes) -> None:
        """Give news to the sockets of one viewer at once."""
        seats = self._by_viewer.get(visitor_id)
        if seats:
            frame = Frame(b'{"you":' + wire + b"}")
            for seat in seats:
                seat.wire.write(frame)

    def take_dismissal(self, dismissal: Dismissal) -> None:
        """End the sockets here that match."""
        room_id, visitor_id, login = dismissal.room, dismissal.visitor, dismissal.login
        for room in self.watched() if room_id is None else filter(None, [self.rooms.get(room_id)]):
            for seat in list(room.seats):
                if visitor_id not in {None, seat.visitor_id} or login not in {None, seat.login and seat.login.mark}:
                    continue
                self.dismiss(room, seat, dismissal.code, dismissal.message)

    def dismiss(self, room: Room, seat: Seat, code: int, message: str) -> None:
        """Tell a client why, in a last message, and close; what it still sends is not heard."""
        self.leave(room, seat)
        seat.dismissed = True
        seat.wire.write(Frame(orjson.dumps({"bye": {"code": code, "message": message}})))
        seat.wire.close(code, message)

    def take_alike(self, news: AlikeNews) -> None:
        """Give those of many viewers who have a socket here theirs."""
        for visitor_id, number in news.each:
            if visitor_id in self._by_viewer:
                self.take_private(visitor_id, news.wire(number))

    def tell(self, room: Room, state: dict[str, tuple[int, bytes]]) -> None:
        """Change a room's state for this process's viewers only: each process counts and tells for itself."""
        self.take(RoomNews(room=room.id, state=state))

    # Rooms ------------------------------------------------------------

    async def _open(self, room_id: int) -> Room:
        room = Room(room_id)
        # Subscribe first, read the position next, then the rest: what happens in between arrives as news.
        self.rooms[room_id] = room
        self._pulses[room_id] = Pulse(room, self.loop, self._mend_soon, self.pressure)
        self._empty_since[room_id] = time.monotonic()
        try:
            await self._join(roads.room_group(room_id))
            room.load(await in_thread(self._load, room_id))
        except BaseException:
            self._drop(room_id)
            raise
        return room

    def _drop(self, room_id: int) -> None:
        self.rooms.pop(room_id, None)
        self._empty_since.pop(room_id, None)
        pulse = self._pulses.pop(room_id, None)
        if pulse is not None:
            self._delivered += pulse.deliveries
            pulse.stop()

    def _load(self, room_id: int) -> Loaded:
        epoch, seq = feed.head(room_id)
        show, state = _encoded(Hub.source(room_id))
        tail = [(number, wire) for number, wire in feed.tail(room_id) if number <= seq]
        return Loaded(epoch=epoch, seq=seq, tail=tail, show=show, state=state)

    async def _reload(self, room: Room) -> None:
        """History was replaced: everyone starts again from a snapshot."""
        room.load(await in_thread(self._load, room.id))
        frame = room.greet(b"snapshot", b"null")
        for seat in list(room.seats):
            seat.wire.write(frame)

    def _mend_soon(self, room: Room) -> None:
        self._do(self._mend(room))

    async def _mend(self, room: Room, last: int | None = None) -> None:
        """Read from the feed what the layer lost."""
        first = room.seq + 1
        room.add_missing(await in_thread(feed.between, room.id, first, last or first + _MEND_EVENTS))
        if room.lacks(first):
            # It was let go of meanwhile: a new beginning is better than a part.
            await self._reload(room)
        else:
            self._tick(room)

    def _tick(self, room: Room) -> None:
        if room.has_news() and room.id in self._pulses:
            self._pulses[room.id].soon()

    # Chores ------------------------------------------------------------

    def _do[Result](self, chore: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        task = self.loop.create_task(chore)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _repair_forever(self) -> None:
        """Ask once a second how far the feeds are; what was known a second ago and is not here yet was lost."""
        known: dict[int, tuple[str, int]] = {}
        while True:
            await asyncio.sleep(REPAIR_SECONDS)
            watched = self.watched()
            try:
                heads = await in_thread(feed.heads, [room.id for room in watched]) if watched else {}
                for room in watched:
                    epoch, seq = heads.get(room.id, (room.epoch, room.seq))
                    if epoch != room.epoch:
                        await self._reload(room)
                    elif room.seq < known.get(room.id, ("", 0))[1]:
                        await self._mend(room, seq)
                known = heads
            except Exception:
                logger.exception("feeds were not asked; next try in a second")

    async def _refresh_forever(self) -> None:
        """Compare each room's state with the database: state news carry no numbers that would show a loss."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            for room in self.watched():
                try:
                    room.refresh(*_encoded(await in_thread(Hub.source, room.id)))
                    self._tick(room)
                except Exception:
                    logger.exception("room %s: its state was not compared", room.id)

    async def _count_forever(self) -> None:
        """Tell once a second how many reactions came."""
        while True:
            await asyncio.sleep(1.0)
            for room in self.watched():
                if room.reactions and self.pressure.spares(Relief.REACTIONS):
                    room.reactions.clear()
                elif room.tick_reactions():
                    self._tick(room)

    async def _feel_forever(self) -> None:
        """Notice how late this process is: a timer that fires late, or a room whose writing takes most of its tick."""
        while True:
            due = self.loop.time() + FEEL_SECONDS
            await asyncio.sleep(FEEL_SECONDS)
            now = self.loop.time()
            self.pressure.feel(max([now - due, *(pulse.strain(now) for pulse in self._pulses.values())]), now)

    async def _close_lost_forever(self) -> None:
        """Close who reads nothing or says nothing, one after the other: hundreds are lost together when a network is.

        Closing one costs as much as a connect; those who stayed are written to meanwhile.
        """
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for room in self.watched():
                for seat in [seat for seat in room.seats if seat.is_lost(time.monotonic())]:
                    # Looked at again when its turn comes: meanwhile it may have left, or come to itself.
                    if seat not in room.seats or not seat.is_lost(time.monotonic()):
                        continue
                    self.leave(room, seat)
                    if seat.stuck_since is None:
                        seat.wire.close(CLOSE_TOO_SLOW, "silent")
                    else:
                        seat.wire.abort()
                    await asyncio.sleep(CLOSING_PAUSE)

    async def _sweep_forever(self) -> None:
        """Let go of rooms that nobody watches; stay in the layer's groups."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = time.monotonic()
            for room_id, since in list(self._empty_since.items()):
                if now - since > EMPTY_SECONDS and room_id not in self._opening:
                    self._drop(room_id)
                    await self._leave_group(roads.room_group(room_id))
            # A Redis that was restarted has forgotten who is in which group.
            for group in [roads.VIEWERS_GROUP, *map(roads.room_group, list(self.rooms))]:
                await self._join(group)

    # The channel layer ------------------------------------------------------------

    async def _receive_forever(self) -> None:
        layer = get_channel_layer()
        while True:
            try:
                if not self._channel:
                    self._channel = await layer.new_channel()
                    for group in [roads.VIEWERS_GROUP, *map(roads.room_group, list(self.rooms))]:
                        await self._join(group)
                message = await layer.receive(self._channel)
            except Exception as error:
                logger.warning("channel layer: %s", error)
                self._channel = ""
                await asyncio.sleep(1.0)
                continue
            if self._carrier is not None and message.get("origin") != self._carrier.origin:
                self._take_message(message)

    def _take_message(self, message: dict[str, Any]) -> None:
        for packed in message.get("rooms", ()):
            self.take(RoomNews.unpack(packed))
        for visitor, wire in message.get("viewers", ()):
            self.take_private(UUID(bytes=bytes(visitor)), wire)
        for packed in message.get("dismissals", ()):
            self.take_dismissal(Dismissal.unpack(packed))
        for packed in message.get("alike", ()):
            self.take_alike(AlikeNews.unpack(packed))

    async def _join(self, group: str) -> None:
        if not self._channel:
            return
        try:
            async with asyncio.timeout(_JOIN_TIMEOUT):
                await get_channel_layer().group_add(group, self._channel)
        except Exception as error:
            logger.warning("channel layer: not joined %s: %s", group, error)

    async def _leave_group(self, group: str) -> None:
        if not self._channel:
            return
        try:
            async with asyncio.timeout(_JOIN_TIMEOUT):
                await get_channel_layer().group_discard(group, self._channel)
        except Exception as error:
            logger.warning("channel layer: not left %s: %s", group, error)


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def here() -> Hub:
    """Return the hub of the running loop, started on first use."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        for closed in [old for old in _hubs if old.is_closed()]:
            del _hubs[closed]
        hub = _hubs[loop] = Hub(loop)
        hub.start()
    return hub


def _encoded(source: tuple[Show, State]) -> tuple[bytes, dict[str, tuple[int, bytes]]]:
    show, state = source
    return orjson.dumps(show), {key: (version, orjson.dumps(value)) for key, (version, value) in state.items()}
