"""A feed is kept as long as anyone can watch; what is let go of is replaced by a snapshot, never by a part."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from livecommerce.celery import app
from livecommerce.realtime import feed, publish
from livecommerce.realtime.models import Attendance, FeedEvent
from livecommerce.realtime.protocol import MessagePosted
from livecommerce.realtime.tasks import forget_absent_task
from streams.retention import forget_old_feeds
from streams.shows import archive_show, end_show
from streams.tasks import forget_old_feeds_task

if TYPE_CHECKING:
    from streams.models import Host, Show

pytestmark = pytest.mark.django_db


def say(show: "Show", text: str, now: datetime) -> None:
    publish.to_show(show.pk, MessagePosted(id=1, key=text, author={}, text=text), now=now)


def test_a_show_that_was_taken_away_gives_its_feed_up_after_a_month(live_show: "Show", host: "Host", now: datetime):
    say(live_show, "a", now)
    archive_show(show=end_show(show=live_show, actor=host.user, now=now), actor=host.user, now=now)

    assert forget_old_feeds(now=now + timedelta(days=29)) == 0
    assert forget_old_feeds(now=now + timedelta(days=31)) == 3

    assert not FeedEvent.objects.filter(room=live_show.pk).exists()
    assert forget_old_feeds(now=now + timedelta(days=31)) == 0


def test_what_can_be_watched_keeps_its_feed(live_show: "Show", host: "Host", now: datetime):
    say(live_show, "a", now)
    end_show(show=live_show, actor=host.user, now=now)

    assert forget_old_feeds(now=now + timedelta(days=300)) == 0


def test_what_is_older_than_any_is_kept_goes_and_the_rest_stays(live_show: "Show", host: "Host", now: datetime):
    say(live_show, "old", now)
    say(live_show, "new", now + timedelta(days=10))
    later = now + timedelta(days=settings.FEED_DAYS + 5)
    assert forget_old_feeds(now=later) == 0  # It is on air.
    end_show(show=live_show, actor=host.user, now=now + timedelta(days=10))

    assert forget_old_feeds(now=later) == 2

    assert feed.since(live_show.pk, feed.head(live_show.pk)[0], 1) is None
    assert [row.payload.get("text") for row in FeedEvent.objects.filter(room=live_show.pk)] == ["new", None]


def test_who_asks_for_what_is_gone_gets_a_snapshot_under_the_same_numbers(
    client, live_show: "Show", host: "Host", now: datetime
):
    for number in range(3):
        say(live_show, str(number), now)
    epoch, seq = feed.head(live_show.pk)
    end_show(show=live_show, actor=host.user, now=now)

    feed.forget_until(live_show.pk, before=now + timedelta(seconds=1))

    asked = f"/api/v1/shows/{live_show.slug}/feed?epoch={epoch}&after="
    assert client.get(f"{asked}{seq - 1}").json()["snapshot"]["seq"] == seq + 1
    assert client.get(f"{asked}{seq + 1}").json()["resumed"]["events"] == []
    assert feed.head(live_show.pk) == (epoch, seq + 1)


def test_a_long_feed_goes_in_slices(live_show: "Show", now: datetime, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(feed, "_FORGET_AT_ONCE", 4)
    for number in range(10):
        say(live_show, str(number), now)
    say(live_show, "new", now + timedelta(days=1))

    assert feed.forget_until(live_show.pk, before=now + timedelta(hours=1)) == 11

    assert [row.seq for row in FeedEvent.objects.filter(room=live_show.pk)] == [12]


def test_figures_of_processes_that_ended_go(now: datetime):
    Attendance.objects.create(room=1, teller="old", viewers=3, at=now - timedelta(hours=2))
    Attendance.objects.create(room=1, teller="new", viewers=3, at=now)

    assert forget_absent_task() == 1
    assert [row.teller for row in Attendance.objects.all()] == ["new"]


def test_beat_runs_both():
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}

    assert {"streams.forget_old_feeds", "realtime.forget_absent"} <= scheduled
    assert forget_old_feeds_task() == 0
