"""What runs by itself for drops. The clock decides without it; this tells viewers and moves leftovers."""

from celery import shared_task

from livecommerce.clock import database_now
from streams.timekeeper import run_due


@shared_task(name="streams.run_due")
def run_due_task() -> int:
    return run_due(now=database_now())


PERIODIC: dict[str, float] = {"streams.run_due": 0.5}
