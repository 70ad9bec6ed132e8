"""Celery: what may happen a little later. Truth never waits for it; tasks tidy, mail and tell.

The beat schedule is code: each app's `tasks.py` names its periodic tasks in `PERIODIC`, seconds by task name.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "livecommerce.settings")

app = Celery("livecommerce")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def schedule_periodic_tasks(sender: Celery, **_: object) -> None:
    """Collect the apps' periodic tasks; beat is the only one that reads the schedule."""
    # Here, for the task modules need the apps, and this module is imported before them.
    from checkout import tasks as checkout
    from livecommerce.accounts import tasks as accounts
    from livecommerce.realtime import tasks as realtime
    from streams import tasks as streams

    for periodic in (streams.PERIODIC, checkout.PERIODIC, accounts.PERIODIC, realtime.PERIODIC):
        for name, seconds in periodic.items():
            sender.add_periodic_task(seconds, sender.signature(name), name=name)
