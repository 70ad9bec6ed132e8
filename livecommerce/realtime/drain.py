"""Draining: how a process ends without anyone losing anything.

Sockets are closed in random slices with 1012 and a spread, so that those who come back do not all come at once.
"""

from __future__ import annotations

import asyncio
import random

import orjson

from livecommerce.realtime import batch
from livecommerce.realtime.hub import Hub
from livecommerce.realtime.protocol import CLOSE_RESTARTING
from livecommerce.realtime.wire import Frame

# So many come back per second and process without anyone waiting for long.
_COMING_BACK_PER_SECOND = 400
_LONGEST_SECONDS = 20.0
_SLICE_SECONDS = 0.1
_GOODBYE_SECONDS = 0.5
_RESTARTING = "This server restarts; you are connected again in a few seconds."


def spread_of(seats: int) -> float:
    """Return over how many seconds this many sockets are sent away."""
    return min(max(seats / _COMING_BACK_PER_SECOND, 0.5), _LONGEST_SECONDS)


async def close_sockets(hub: Hub) -> None:
    """Send everyone away, a random slice at a time."""
    leaving = [(room, seat) for room in hub.watched() for seat in room.seats]
    if not leaving:
        return
    random.shuffle(leaving)
    spread = spread_of(len(leaving))
    bye = {"bye": {"code": CLOSE_RESTARTING, "message": _RESTARTING, "spread": round(spread, 1)}}
    frame = Frame(orjson.dumps(bye))
    slice_size = max(1, round(len(leaving) * _SLICE_SECONDS / spread))
    for first in range(0, len(leaving), slice_size):
        for room, seat in leaving[first : first + slice_size]:
            hub.leave(room, seat)
            seat.wire.write(frame)
            seat.wire.close(CLOSE_RESTARTING, f"spread={spread:.1f}")
        await asyncio.sleep(_SLICE_SECONDS)
    # The last ones still have to answer the close.
    await asyncio.sleep(_GOODBYE_SECONDS)


async def finish(hub: Hub) -> None:
    """Decide what was asked, tell it to the other processes, then end the hub."""
    await batch.close_all()
    await hub.stop()
