"""The programme clock of a run: which moment a segment's first frame belongs to.

The rule guarded here: within a run the clock never jumps. It is anchored at the arrival of the first frame, goes on by
the segments' durations, and leans at most 20 ms a segment towards the arrival times, as encoders' clocks drift.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from statistics import median

LEAN_MS = 20
BROKEN_AFTER_MS = 2000
_REMEMBERED_KEY_FRAMES = 64
_OBSERVATIONS = 5


class ProgrammeClock:
    def __init__(self) -> None:
        self._arrivals: deque[tuple[int, datetime]] = deque(maxlen=_REMEMBERED_KEY_FRAMES)
        self._drifts: deque[float] = deque(maxlen=_OBSERVATIONS)
        self._media_ms = 0.0
        self._next: datetime | None = None

    def key_frame(self, media_ms: int, arrived_at: datetime) -> None:
        """Note when the key frame at this place of the run came in."""
        self._arrivals.append((media_ms, arrived_at))

    def place(self, duration_ms: int) -> datetime | None:
        """The programme time of the next segment; None before any frame has come."""
        if not self._arrivals:
            return None
        if self._next is None:
            self._next = self._arrivals[0][1]
            self._media_ms = float(self._arrivals[0][0])
        here = self._next + timedelta(milliseconds=self._lean(self._next))
        self._next = here + timedelta(milliseconds=duration_ms)
        self._media_ms += duration_ms
        return here

    @property
    def is_broken(self) -> bool:
        """The encoder's clock and ours have parted: a new run is needed."""
        return len(self._drifts) == _OBSERVATIONS and abs(median(self._drifts)) > BROKEN_AFTER_MS

    def _lean(self, expected: datetime) -> float:
        media_ms, arrived_at = min(self._arrivals, key=lambda seen: abs(seen[0] - self._media_ms))
        late_ms = (arrived_at - expected).total_seconds() * 1000 - (media_ms - self._media_ms)
        self._drifts.append(late_ms)
        return max(-LEAN_MS, min(LEAN_MS, median(self._drifts)))
