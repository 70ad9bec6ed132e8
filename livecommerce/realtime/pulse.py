"""The pulse: when the news of a room leave, and to whom.

News are joined for a tick, so that the number of writes depends on viewers and ticks alone, never on how fast a chat
runs. A tick is at least twice as long as the last one took to write: 60 ms where that is quick, up to a second under
load. A quiet room answers almost at once, and urgent news never wait.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from livecommerce.realtime.pressure import STATE_SECONDS, Pressure, Relief
from livecommerce.realtime.room import Room, Seat
from livecommerce.realtime.wire import Frame

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.06
LONGEST_TICK_SECONDS = 1.0
# News of one transaction arrive one by one; the first of a quiet room waits this long for the others.
FIRST_SECONDS = 0.005
# A number that is missing is waited for this long (another thread may still be handing it over), then read.
HOLE_SECONDS = 0.3
# The loop serves others after this many writes.
SLICE = 250
# More than this unread: state only.
SLOW_BYTES = 64 * 1024


class Pulse:
    """Sends what a room has joined. Lives on the hub's loop."""

    def __init__(
        self, room: Room, loop: asyncio.AbstractEventLoop, mend: Callable[[Room], None], pressure: Pressure
    ) -> None:
        self.room = room
        self.deliveries = 0
        self._loop = loop
        self._mend = mend
        self._pressure = pressure
        self._timer: asyncio.TimerHandle | None = None
        self._due = asyncio.Event()
        self._tick_seconds = TICK_SECONDS
        self._sent_at = 0.0
        self._took = 0.0
        self._state_at = 0.0
        self._urgent = False
        self._task = loop.create_task(self._beat_forever())

    def soon(self, *, urgent: bool = False) -> None:
        """Have the room's news sent at the next tick, or at once."""
        if urgent:
            self._urgent = True
            self._let_go()
        else:
            self._at(max(self._sent_at + self._tick_seconds, self._loop.time() + FIRST_SECONDS))

    def strain(self, now: float) -> float:
        """Return how long the room's writing takes lately, in seconds; nothing if it is quiet."""
        return self._took if now - self._sent_at < 2 * LONGEST_TICK_SECONDS else 0.0

    def stop(self) -> None:
        """Send nothing more."""
        self._task.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def _at(self, due: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._let_go)

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due.set()

    async def _beat_forever(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await self._send()
            except Exception:
                logger.exception("room %s: a tick failed", self.room.id)

    async def _send(self) -> None:
        began = self._sent_at = self._loop.time()
        put_off = began - self._state_at < STATE_SECONDS and not self._urgent and self.room.has_state()
        put_off = put_off and self._pressure.spares(Relief.STATE)
        self._urgent = False
        sheet = self.room.sheet(with_state=not put_off)
        if put_off:
            self._at(self._state_at + STATE_SECONDS)
        else:
            self._state_at = began
        for frame in sheet.studio:
            for seat in [seat for seat in self.room.seats if seat.studio]:
                seat.wire.write(frame)
        if sheet.everyone is not None:
            await self._write_all(sheet.everyone, sheet.slow)
        # At least half of the loop's time stays for commands and new viewers.
        self._took = self._loop.time() - began
        self._tick_seconds = min(max(TICK_SECONDS, 2 * self._took), LONGEST_TICK_SECONDS)
        if self.room.hole_since is not None:
            self._loop.call_later(HOLE_SECONDS, self._mend_hole)

    async def _write_all(self, frame: Frame, slow: Frame | None) -> None:
        # A copy: who sits down meanwhile was greeted with a snapshot that holds this frame.
        seats = list(self.room.seats)
        for place, seat in enumerate(seats, 1):
            if seat.slow_since is None and seat.stuck_since is None:
                if seat.wire.write(frame):
                    seat.stuck_since = time.monotonic()
            else:
                _write_slow(self.room, seat, frame, slow)
            if place % SLICE == 0:
                await asyncio.sleep(0)
        self.deliveries += len(seats)

    def _mend_hole(self) -> None:
        since = self.room.hole_since
        if since is not None and time.monotonic() - since >= HOLE_SECONDS:
            self._mend(self.room)


def _write_slow(room: Room, seat: Seat, frame: Frame, slow: Frame | None) -> None:
    waiting = seat.wire.waiting()
    if not waiting:
        seat.stuck_since = None
    if waiting >= SLOW_BYTES:
        seat.missed = True
        return
    if seat.missed:
        # It reads again. What it was not given may have been state, so it gets everything as it is now.
        seat.missed = False
        seat.wire.write(room.greet(b"snapshot", b"null"))
        return
    if seat.slow_since is None:
        seat.wire.write(frame)
    elif slow is not None:
        seat.wire.write(slow)
