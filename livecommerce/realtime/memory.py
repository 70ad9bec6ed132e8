"""Memory: the collector's pauses, kept away from the loop.

What a connection is made of lives as long as its viewer. Looking through all of it again and again stops the loop for a
tenth of a second and more, so it is set aside when many have come, and looked through once when many have gone.
"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livecommerce.realtime.hub import Hub

LOOK_SECONDS = 5.0
_CAME = 100
_LEFT = 2000
# Youngest, middle, old: fewer and larger passes than Python's own.
THRESHOLDS = (10_000, 20, 20)


async def tidy_forever(hub: Hub) -> None:
    """Set aside who has come, collect who has gone."""
    gc.set_threshold(*THRESHOLDS)
    came, left = hub.came, hub.left
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if hub.left - left >= _LEFT:
            left, came = hub.left, hub.came
            gc.unfreeze()
            gc.collect()
            gc.freeze()
        elif hub.came - came >= _CAME:
            came = hub.came
            gc.freeze()
