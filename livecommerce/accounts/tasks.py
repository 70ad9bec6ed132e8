"""What runs by itself: kept answers are let go after a day."""

from celery import shared_task

from livecommerce.accounts.kept_answers import forget_old_answers


@shared_task(name="accounts.forget_old_answers")
def forget_old_answers_task() -> int:
    return forget_old_answers()


PERIODIC: dict[str, float] = {"accounts.forget_old_answers": 3600.0}
