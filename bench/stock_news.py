"""Publish stock figures from a process of their own: `python -m bench.stock_news <show slug> <per second>`."""

import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "livecommerce.settings")
django.setup()

from livecommerce.realtime import publish  # noqa: E402
from streams.models import Show  # noqa: E402


def main(slug: str, per_second: float) -> None:
    show_id = Show.objects.values_list("pk", flat=True).get(slug=slug)
    left = 10_000
    while True:
        publish.state(show_id, "stock:1", 10_001 - left, {"left": left, "held": 12, "sold": 10_000 - left})
        left -= 1
        time.sleep(1 / per_second)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
