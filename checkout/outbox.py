"""Outbox: what must reach the outside. Rule guarded here: written with its reason, done after it, at least once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from checkout.models import Outbox

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
SOONEST_RETRY = timedelta(seconds=5)
LATEST_RETRY = timedelta(hours=1)
BATCH = 50

type Deed = Callable[[dict[str, Any], datetime], None]


def send_later(*, kind: str, key: str, payload: dict[str, Any], now: datetime) -> None:
    """Write what is to be done; inside the caller's transaction. The same key is written once."""
    Outbox.objects.bulk_create([Outbox(kind=kind, key=key, payload=payload, run_after=now)], ignore_conflicts=True)
    transaction.on_commit(_wake, robust=True)


def run_outbox(*, deeds: dict[str, Deed], now: datetime) -> int:
    """Do what is due; return how many were done. Several workers may run at once: each row is leased to one of them."""
    done = 0
    for row in Outbox.objects.due(now).order_by("run_after", "pk")[:BATCH]:
        # The lease is a guarded UPDATE and no lock, because the deed talks to the network.
        leased = Outbox.objects.due(now).filter(pk=row.pk, attempts=row.attempts)
        if leased.update(run_after=now + LEASE, attempts=F("attempts") + 1):
            done += _do(row, deeds, now)
    return done


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


def _wake() -> None:
    """Ask a worker to look now; the beat looks anyway, so a lost wake-up only costs seconds."""
    from checkout.tasks import run_outbox_task

    # Without retry: a broker that is down must not hold up the buyer's answer.
    run_outbox_task.apply_async(retry=False)
