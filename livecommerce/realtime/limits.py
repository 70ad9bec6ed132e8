"""Limits: token buckets per viewer and per address, and how many sockets either may hold open in this process.

A command takes its turn from the same two buckets over the socket and over HTTP.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from django.conf import settings

from livecommerce.errors import Refused

# The least recently used are forgotten beyond this; a forgotten bucket is a full one.
_KEPT = 50_000


class TooMany(Refused):
    """More than a person can do."""

    code = "too_many"
    status = 429
    message = "That was too much at once. Wait a moment and go on; nothing was lost."


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` at once, then ``per_second``."""

    burst: float
    per_second: float


class Buckets:
    """One token bucket per key."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._level: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        # Sockets ask on the loop, requests in their threads.
        self._lock = threading.Lock()

    def take(self, key: Hashable, cost: float = 1.0) -> float:
        """Take tokens; return 0, or how many seconds to wait until there are enough."""
        now = time.monotonic()
        wait = 0.0
        with self._lock:
            level, at = self._level.pop(key, (self._rate.burst, now))
            level = min(self._rate.burst, level + (now - at) * self._rate.per_second)
            if level >= cost:
                level -= cost
            else:
                wait = (cost - level) / self._rate.per_second
            self._level[key] = (level, now)
            if len(self._level) > _KEPT:
                self._level.popitem(last=False)
        return wait

    def forget(self) -> None:
        """Fill every bucket."""
        self._level.clear()


class Caps:
    """How many of something each key has open."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[Hashable] = Counter()

    def enter(self, key: Hashable) -> bool:
        """Count one more, if there is room."""
        if self._open[key] >= self._most:
            return False
        self._open[key] += 1
        return True

    def leave(self, key: Hashable) -> None:
        """Count one less."""
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]


PER_VIEWER = Buckets(Rate(burst=40, per_second=10))
PER_ADDRESS = Buckets(Rate(burst=600, per_second=200))


def take_turn(viewer: Hashable | None, address: str) -> None:
    """Count one command of a viewer and of an address; of somebody without an identity, of the address alone.

    :raises TooMany: either has none left for now.
    """
    if not settings.RATE_LIMITS:
        return
    own = PER_VIEWER.take(viewer) if viewer is not None else 0.0
    wait = max(own, PER_ADDRESS.take(address))
    if wait:
        # Rounded up: who asks again after it has a turn.
        raise TooMany(retry_in=math.ceil(wait * 100) / 100)
