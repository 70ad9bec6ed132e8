"""Roads: how news reach this process's hub and, through the channel layer, the hubs of the others.

Publishers call from any thread. News for the hub here are handed over directly, so a broken Redis never delays the own
viewers; for the others everything of a few milliseconds leaves as one message per room, and each hub passes over what
it sent itself. A process without a hub (a worker, a command) carries its news on a loop of its own in a daemon thread.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID, uuid4

from channels.layers import InMemoryChannelLayer, get_channel_layer

from livecommerce.realtime.news import AlikeNews, RoomNews

if TYPE_CHECKING:
    from livecommerce.realtime.dismissal import Dismissal

logger = logging.getLogger(__name__)

VIEWERS_GROUP = "viewers"
# Waits for company this long before a message leaves for the other processes.
_JOIN_SECONDS = 0.005
_SEND_SECONDS = 5.0
# Beyond this the events of a room are dropped here and repaired from the feed there.
_ROOM_EVENTS = 5000


class HubHere(Protocol):
    """What a road needs of the hub in this process."""

    loop: asyncio.AbstractEventLoop

    def take(self, news: RoomNews) -> None: ...

    def take_private(self, visitor_id: UUID, wire: bytes) -> None: ...

    def take_dismissal(self, dismissal: Dismissal) -> None: ...

    def take_alike(self, news: AlikeNews) -> None: ...


def room_group(room: int) -> str:
    """Name the channel-layer group of the processes that have viewers of a room."""
    return f"room.{room}"


class Carrier:
    """Takes news to the other processes; lives on one loop, all methods run there."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.origin = uuid4().hex
        self._rooms: dict[int, RoomNews] = {}
        self._viewers: list[tuple[bytes, bytes]] = []
        self._dismissals: list[dict[str, Any]] = []
        self._alike: list[dict[str, Any]] = []
        self._leaving: asyncio.Task[None] | None = None

    def carry(self, news: RoomNews) -> None:
        """Queue news of a room."""
        waiting = self._rooms.get(news.room)
        if waiting is None:
            # The hub here joins into its own copy; ours must not grow with it.
            self._rooms[news.room] = waiting = RoomNews(room=news.room)
        if len(waiting.events) < _ROOM_EVENTS:
            waiting.join(news)
        self._leave_soon()

    def carry_private(self, visitor_id: UUID, wire: bytes) -> None:
        """Queue news of one viewer."""
        self._viewers.append((visitor_id.bytes, wire))
        self._leave_soon()

    def carry_dismissal(self, dismissal: Dismissal) -> None:
        """Queue word of sockets that have to end."""
        self._dismissals.append(dismissal.pack())
        self._leave_soon()

    def carry_alike(self, news: AlikeNews) -> None:
        """Queue news of many viewers."""
        self._alike.append(news.pack())
        self._leave_soon()

    async def rest(self) -> None:
        """Wait until all that was queued has left."""
        while self._leaving is not None and not self._leaving.done():
            await asyncio.wait([self._leaving])

    def _leave_soon(self) -> None:
        if self._leaving is None or self._leaving.done():
            self._leaving = self.loop.create_task(self._leave())

    async def _leave(self) -> None:
        while self._rooms or self._viewers or self._alike or self._dismissals:
            await asyncio.sleep(_JOIN_SECONDS)
            rooms, self._rooms = self._rooms, {}
            viewers, self._viewers = self._viewers, []
            alike, self._alike = self._alike, []
            dismissals, self._dismissals = self._dismissals, []
            for room, news in rooms.items():
                await self._send(room_group(room), {"rooms": [news.pack()]})
            if viewers:
                await self._send(VIEWERS_GROUP, {"viewers": viewers})
            if dismissals:
                await self._send(VIEWERS_GROUP, {"dismissals": dismissals})
            if alike:
                await self._send(VIEWERS_GROUP, {"alike": alike})

    async def _send(self, group: str, message: dict[str, Any]) -> None:
        layer = get_channel_layer()
        message |= {"type": "hub.news", "origin": self.origin}
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await layer.group_send(group, message)
        except Exception as error:
            logger.warning("channel layer did not take news for %s: %s", group, error)


class _Crossing:
    """Which hub and which carrier this process has."""

    hub: HubHere | None = None
    carrier: Carrier | None = None
    owner = 0
    lock = threading.Lock()


def open_here(hub: HubHere) -> Carrier | None:
    """Make a hub the one of this process; give it the carrier, or None when the layer joins no processes."""
    _Crossing.hub = hub
    _Crossing.carrier = Carrier(hub.loop) if _joins_processes() else None
    _Crossing.owner = os.getpid()
    return _Crossing.carrier


def close_here(hub: HubHere) -> None:
    """Forget the hub of this process."""
    if _Crossing.hub is hub:
        _Crossing.hub = _Crossing.carrier = None


def hub_here() -> HubHere | None:
    """Return the hub of this process, if it has one."""
    return _Crossing.hub if _Crossing.owner == os.getpid() else None


def to_room(news: RoomNews) -> None:
    """Send news to all that watch a room, from any thread."""
    hub, carrier = hub_here(), _carrier()
    if hub is not None:
        hub.loop.call_soon_threadsafe(hub.take, news)
    if carrier is not None:
        carrier.loop.call_soon_threadsafe(carrier.carry, news)


def to_viewer(visitor_id: UUID, wire: bytes) -> None:
    """Send news to the sockets of one viewer, from any thread."""
    hub, carrier = hub_here(), _carrier()
    if hub is not None:
        hub.loop.call_soon_threadsafe(hub.take_private, visitor_id, wire)
    if carrier is not None:
        carrier.loop.call_soon_threadsafe(carrier.carry_private, visitor_id, wire)


def to_viewers(news: Sequence[tuple[UUID, bytes]]) -> None:
    """Send many viewers their own news, from any thread, waking each loop once."""
    hub, carrier = hub_here(), _carrier()
    if hub is not None:
        hub.loop.call_soon_threadsafe(_each, hub.take_private, news)
    if carrier is not None:
        carrier.loop.call_soon_threadsafe(_each, carrier.carry_private, news)


def to_doors(dismissal: Dismissal) -> None:
    """Have the sockets that match ended in every process, from any thread."""
    hub, carrier = hub_here(), _carrier()
    if hub is not None:
        hub.loop.call_soon_threadsafe(hub.take_dismissal, dismissal)
    if carrier is not None:
        carrier.loop.call_soon_threadsafe(carrier.carry_dismissal, dismissal)


def to_viewers_alike(news: AlikeNews) -> None:
    """Send many viewers the same but for one number, from any thread."""
    hub, carrier = hub_here(), _carrier()
    if hub is not None:
        hub.loop.call_soon_threadsafe(hub.take_alike, news)
    if carrier is not None:
        carrier.loop.call_soon_threadsafe(carrier.carry_alike, news)


def _each(take: Callable[[UUID, bytes], None], news: Sequence[tuple[UUID, bytes]]) -> None:
    for visitor_id, wire in news:
        take(visitor_id, wire)


def _joins_processes() -> bool:
    layer = get_channel_layer()
    return layer is not None and not isinstance(layer, InMemoryChannelLayer)


def _carrier() -> Carrier | None:
    if hub_here() is not None:
        return _Crossing.carrier
    if not _joins_processes():
        return None
    with _Crossing.lock:
        # A forked worker inherits the object but not its thread.
        if _Crossing.carrier is None or _Crossing.owner != os.getpid():
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="roads", daemon=True).start()
            _Crossing.hub, _Crossing.carrier, _Crossing.owner = None, Carrier(loop), os.getpid()
        return _Crossing.carrier
