"""The timekeeper of drops: what is due. A timekeeper that stands still delays news and never changes who gets what."""

from __future__ import annotations

from datetime import datetime

from streams.drops import close_due_drops, drops_with_leftovers, open_due_drops, return_leftovers


def run_due(*, now: datetime) -> int:
    """Tell about drops that opened, close those whose window is over, take leftovers back; return how many moved."""
    returned = [return_leftovers(drop=drop, now=now) for drop in drops_with_leftovers()]
    return open_due_drops(now=now) + close_due_drops(now=now) + len(returned)
