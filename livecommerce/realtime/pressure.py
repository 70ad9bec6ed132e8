"""Pressure: what a process leaves out when it has more to do than it can, in a stated order.

First reactions, then the count of viewers, then state comes at most once a second. Never a numbered event, never what
is told to one viewer, never what is urgent (a drop opens, sales stand, a drop is sold out), and never a snapshot: who
asks for the whole gets the newest.
"""

from __future__ import annotations

from enum import IntEnum

from prometheus_client import Counter, Gauge

RELIEF = Gauge(
    "live_relief", "What this process leaves out: 0 nothing, 1 reactions, 2 and viewer counts, 3 and slows state."
)
STRAIN = Gauge("live_strain_seconds", "How late this process is: its loop, or a tick of its fullest room.")
LEFT_OUT = Counter("live_left_out", "News that were left out or put off under load.", ["what"])

# How late is too late for each, in seconds, and for how long before it counts.
_LIMITS = (0.2, 0.3, 0.45)
_RISE_SECONDS = 0.7
_CALM_SECONDS = 5.0
STATE_SECONDS = 1.0


class Relief(IntEnum):
    """How far it went; each step includes those before it."""

    NONE = 0
    REACTIONS = 1
    PRESENCE = 2
    STATE = 3


class Pressure:
    """The step a process is at. It rises within a second and comes back one step after five calm ones."""

    def __init__(self) -> None:
        self.relief = Relief.NONE
        self._over_since: float | None = None
        self._calm_since: float | None = None

    def feel(self, strain: float, now: float) -> None:
        """Take one sample: how late things are, in seconds, and when that was, on any steady clock."""
        STRAIN.set(strain)
        step = self.relief
        over = step < Relief.STATE and strain >= _LIMITS[step]
        calm = step > Relief.NONE and strain < _LIMITS[step - 1] / 2
        self._over_since = (self._over_since or now) if over else None
        self._calm_since = (self._calm_since or now) if calm else None
        if self._over_since is not None and now - self._over_since >= _RISE_SECONDS:
            self._go(Relief(step + 1))
        elif self._calm_since is not None and now - self._calm_since >= _CALM_SECONDS:
            self._go(Relief(step - 1))

    def spares(self, what: Relief) -> bool:
        """Tell whether this is left out now, and count it."""
        if self.relief < what:
            return False
        LEFT_OUT.labels(what.name.lower()).inc()
        return True

    def _go(self, step: Relief) -> None:
        self.relief = step
        self._over_since = self._calm_since = None
        RELIEF.set(step)
