"""Signs: how the processes of one race wait for each other at a marked point. A sign is a file that is there or not."""

import os
import time
from pathlib import Path

from django.db import connection

PATIENCE_SECONDS = 60.0


def raise_sign(name: str) -> None:
    """Say that a point is reached."""
    (_folder() / name).touch()


def see_sign(name: str) -> None:
    """Wait until somebody has reached a point."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not (_folder() / name).exists():
        assert time.monotonic() < give_up_at, f"nobody came to the point: {name}"
        time.sleep(0.002)


def meet(me: int, *, processes: int) -> None:
    """Wait until all have come as far as this."""
    raise_sign(f"here is {me}")
    for other in range(processes):
        see_sign(f"here is {other}")


def is_raised(name: str) -> bool:
    return (_folder() / name).exists()


def someone_waits_for_a_lock(*, seconds: float) -> bool:
    """Wait until another connection stands before a row that we hold; say whether one does.

    SQLite does not tell who waits for its one lock: there a while has to do.
    """
    if connection.vendor == "sqlite":
        time.sleep(seconds)
        return False
    give_up_at = time.monotonic() + seconds
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with connection.cursor() as cursor:
        while time.monotonic() < give_up_at:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return True
            time.sleep(0.01)
    return False


def _folder() -> Path:
    return Path(os.environ["SIGNS"])
