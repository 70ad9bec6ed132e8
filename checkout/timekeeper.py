"""The timekeeper of holds and queues: what is due. It only tidies; times are compared wherever they matter."""

from __future__ import annotations

from datetime import datetime

from checkout.draws import draw_due
from checkout.holds import pause_latecomers
from checkout.lapses import expire_overdue_holds
from checkout.queue import close_queues


def run_due(*, now: datetime) -> int:
    """End holds that ran out (their units go to the next in line), draw lots, close queues; return how many moved."""
    return pause_latecomers(now=now) + draw_due(now=now) + expire_overdue_holds(now=now) + close_queues(now=now)
