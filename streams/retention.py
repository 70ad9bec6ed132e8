"""Retention: how long a show's feed is kept.

The rule guarded here: what anyone can still watch keeps its feed, for replay, chapters and report read it. A show that
was taken away or called off gives it up after a month; any show gives up what is older than `FEED_DAYS`. Numbers and
epoch stay, so a client that asks for what is gone gets a snapshot.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, OuterRef, Subquery

from livecommerce.realtime import feed
from livecommerce.realtime.models import FeedEvent
from streams.models import Show
from streams.models.show import ON_AIR, ShowState

KEPT_AFTER_CLOSING = timedelta(days=30)
_GONE = (ShowState.ARCHIVED, ShowState.CANCELLED)
# Shows at one go: the next hour takes the next ones.
_AT_ONCE = 50
# The first number of a room is one step in the index, however long its feed.
_OLDEST = Subquery(FeedEvent.objects.filter(room=OuterRef("pk")).order_by("seq").values("at")[:1])


def forget_old_feeds(*, now: datetime) -> int:
    """Delete events that nobody needs any more; return how many."""
    oldest_kept = now - timedelta(days=settings.FEED_DAYS)
    gone = [(show_id, now) for show_id in _closed(now)]
    aged = [(show_id, oldest_kept) for show_id in _aged(oldest_kept)]
    return sum(feed.forget_until(show_id, before=moment) for show_id, moment in gone + aged)


def _closed(now: datetime) -> list[int]:
    """Shows that nobody can watch any more, and have not moved for a month."""
    shows = Show.objects.filter(state__in=_GONE).alias(oldest=_OLDEST, moved=Max("moves__at"))
    closed = shows.filter(oldest__isnull=False, moved__lt=now - KEPT_AFTER_CLOSING)
    return list(closed.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])


def _aged(oldest_kept: datetime) -> list[int]:
    """Shows that are not on air and have events older than any is kept."""
    shows = Show.objects.exclude(state__in=ON_AIR).alias(oldest=_OLDEST).filter(oldest__lt=oldest_kept)
    return list(shows.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])
