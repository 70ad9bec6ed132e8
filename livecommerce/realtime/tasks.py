"""What runs by itself: figures that ended processes and viewers have left behind are let go."""

from celery import shared_task
from django.utils import timezone

from livecommerce.realtime.attendance import forget_absent


@shared_task(name="realtime.forget_absent")
def forget_absent_task() -> int:
    return forget_absent(now=timezone.now())


PERIODIC: dict[str, float] = {"realtime.forget_absent": 3600.0}
