"""The programme clock of a run: which moment a segment's first frame belongs to.

The rule guarded here: within a run the clock never jumps. It is anchored at the arrival of a key frame, goes on by the
segments' durations, and leans at most 40 ms a segment towards the arrival times, as encoders' clocks drift.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

LEAN_MS = 40
BROKEN_AFTER_MS = 2000
_REMEMBERED_MS = 10_000
_PATIENCE = 5


class ProgrammeClock:
    """Told of key frames as they arrive, asked for the place of one segment after another."""

    def __init__(self) -> None:
        self._arrivals: deque[tuple[int, datetime]] = deque()
        self._media_ms: int | None = None
        self._next: datetime | None = None
        self._far_off = 0

    def key_frame(self, media_ms: int, arrived_at: datetime) -> None:
        """Note when the key frame at this place of the run came in."""
        if self._media_ms is None:
            self._media_ms = media_ms
        self._arrivals.append((media_ms, arrived_at))
        # What lies ahead of the place that is asked for next stays, however much it is.
        while self._arrivals[0][0] < self._media_ms - _REMEMBERED_MS:
            self._arrivals.popleft()

    def place(self, duration_ms: int) -> datetime | None:
        """The programme time of the next segment; None before any frame has come."""
        if self._media_ms is None:
            return None
        seen = self._seen(self._media_ms)
        self._next = self._next or seen
        late_ms = (seen - self._next) / timedelta(milliseconds=1)
        self._far_off = self._far_off + 1 if abs(late_ms) > BROKEN_AFTER_MS else 0
        here = self._next + timedelta(milliseconds=max(-LEAN_MS, min(LEAN_MS, late_ms)))
        self._next = here + timedelta(milliseconds=duration_ms)
        self._media_ms += duration_ms
        return here

    @property
    def is_broken(self) -> bool:
        """The encoder's clock and ours have parted: a new run is needed."""
        return self._far_off >= _PATIENCE

    def _seen(self, media_ms: int) -> datetime:
        """When this place arrived, judged by the quickest of the last key frames: a network only ever delays."""
        return min(arrived_at + timedelta(milliseconds=media_ms - at) for at, arrived_at in self._arrivals)
