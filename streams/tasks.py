"""What runs by itself for shows and drops. The clock decides without it; this tells viewers and tidies."""

from celery import shared_task

from livecommerce.clock import database_now
from streams.retention import forget_old_feeds
from streams.timekeeper import run_due


@shared_task(name="streams.run_due")
def run_due_task() -> int:
    return run_due(now=database_now())


@shared_task(name="streams.forget_old_feeds")
def forget_old_feeds_task() -> int:
    """Let go of what nobody can watch any more."""
    return forget_old_feeds(now=database_now())


PERIODIC: dict[str, float] = {"streams.run_due": 0.5, "streams.forget_old_feeds": 3600.0}
