"""Outbox: what must reach the outside. Rule guarded here: written with its reason, done after it, at least once."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from django.db import transaction
from django.db.models import F

from checkout.models import Outbox
from livecommerce.transactions import atomic_retry

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
SOONEST_RETRY = timedelta(seconds=5)
LATEST_RETRY = timedelta(hours=1)
BATCH = 50
# Seconds between two wake-ups from one process: in a rush one worker's look serves many orders.
WAKE_EVERY = 0.5

type Deed = Callable[[dict[str, Any], datetime], None]


class Letter(NamedTuple):
    """One thing to be done outside."""

    kind: str
    key: str
    payload: dict[str, Any]


def send_later(*, kind: str, key: str, payload: dict[str, Any], now: datetime) -> None:
    """Write what is to be done; inside the caller's transaction. The same key is written once."""
    send_all_later([Letter(kind, key, payload)], now)


def send_all_later(letters: Sequence[Letter], now: datetime) -> None:
    """Write many things that are to be done, in one statement."""
    rows = [Outbox(kind=one.kind, key=one.key, payload=one.payload, run_after=now) for one in letters]
    Outbox.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(_Waking.soon, robust=True)


def run_outbox(*, deeds: dict[str, Deed], now: datetime) -> int:
    """Do what is due; return how many were done. Several workers may run at once: each row is leased to one of them."""
    rows, done = _lease(now), 0
    enough = time.monotonic() + LEASE.total_seconds() / 2
    for place, row in enumerate(rows):
        if time.monotonic() > enough:
            # A slow mail server: the others are due again, before their lease could end while they are being done.
            _give_up_lease(rows[place:], now)
            break
        done += _do(row, deeds, now)
    return done


@atomic_retry
def _lease(now: datetime) -> list[Outbox]:
    """Take what is due for a while. The lease is a time in the row and no lock: the deed talks to the network."""
    due = Outbox.objects.due(now).order_by("run_after", "pk").select_for_update(skip_locked=True)
    rows = list(due[:BATCH])
    taken = Outbox.objects.filter(pk__in=[row.pk for row in rows])
    taken.update(run_after=now + LEASE, attempts=F("attempts") + 1)
    return rows


def _give_up_lease(rows: Sequence[Outbox], now: datetime) -> None:
    left = Outbox.objects.filter(pk__in=[row.pk for row in rows], run_after=now + LEASE)
    left.update(run_after=now, attempts=F("attempts") - 1)


def _do(row: Outbox, deeds: dict[str, Deed], now: datetime) -> bool:
    try:
        deeds[row.kind](row.payload, now)
    except Exception as trouble:
        wait = min(SOONEST_RETRY * 2**row.attempts, LATEST_RETRY)
        Outbox.objects.filter(pk=row.pk).update(run_after=now + wait, last_error=type(trouble).__name__[:300])
        log.warning("outbox_retry", kind=row.kind, key=row.key, wait=wait.total_seconds(), exc_info=True)
        return False
    Outbox.objects.filter(pk=row.pk).update(done_at=now, last_error="")
    return True


class _Waking:
    """Asks a worker to look, a few times a second at most; the beat looks anyway, so a lost wake-up costs seconds."""

    lock = threading.Lock()
    last = -WAKE_EVERY
    waits = False

    @classmethod
    def soon(cls) -> None:
        with cls.lock:
            wait = cls.last + WAKE_EVERY - time.monotonic()
            if cls.waits:
                return
            if wait > 0:
                cls.waits = True
                timer = threading.Timer(wait, cls.now)
                timer.daemon = True
                timer.start()
                return
        cls.now()

    @classmethod
    def now(cls) -> None:
        from checkout.tasks import run_outbox_task

        with cls.lock:
            cls.last, cls.waits = time.monotonic(), False
        # Without retry: a broker that is down must not hold up the buyer's answer.
        run_outbox_task.apply_async(retry=False)
