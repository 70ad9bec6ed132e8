from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from livecommerce.realtime import feed, publish
from livecommerce.realtime.models import Feed, FeedEvent
from livecommerce.realtime.protocol import ItemPinned, MessagePosted

ROOM = 7


def said(text: str) -> MessagePosted:
    return MessagePosted(id=1, key="k", author={"id": "a", "name": "Ana", "role": "viewer"}, text=text)


@pytest.mark.django_db
def test_numbers_start_at_one_and_have_no_gaps(now: datetime):
    assert publish.to_show(ROOM, said("a"), said("b"), now=now) == [1, 2]
    assert publish.to_show(ROOM, said("c"), now=now) == [3]
    assert feed.head(ROOM)[1] == 3


@pytest.mark.django_db
def test_a_number_whose_transaction_failed_is_given_again(now: datetime):
    publish.to_show(ROOM, said("a"), now=now)

    def fails() -> None:
        with transaction.atomic():
            publish.to_show(ROOM, said("lost"), now=now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()

    assert publish.to_show(ROOM, said("b"), now=now) == [2]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_writers_who_race_leave_no_gap_and_no_double(now: datetime):
    barrier = Barrier(8)

    def write(name: int) -> None:
        barrier.wait()
        for number in range(10):
            with transaction.atomic():
                publish.to_show(ROOM, said(f"{name}:{number}"), said("second"), now=now)
        connection.close()

    threads = [Thread(target=write, args=[name]) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    seqs = list(FeedEvent.objects.filter(room=ROOM).order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, 161))
    assert feed.head(ROOM)[1] == 160


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_numbers_follow_the_order_of_commits(now: datetime):
    """Whoever reads sees no number above one that is still to come."""
    seen: list[list[int]] = []

    def write() -> None:
        for _ in range(15):
            with transaction.atomic():
                publish.to_show(ROOM, said("x"), now=now)
        connection.close()

    feed.head(ROOM)
    writers = [Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seen.append(list(FeedEvent.objects.filter(room=ROOM).order_by("seq").values_list("seq", flat=True)))
    for writer in writers:
        writer.join()

    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in seen)


@pytest.mark.django_db
def test_an_event_keeps_its_place_on_the_picture(now: datetime):
    publish.to_show(ROOM, ItemPinned(item=5), now=now, programme_at=now - timedelta(seconds=3))

    (event,) = feed.since(ROOM, feed.head(ROOM)[0], 0) or []

    assert event["programme_at"] == event["at"] - 3000
    assert event["item"] == 5


@pytest.mark.django_db
def test_since_gives_everything_after_a_number():
    publish.to_show(ROOM, said("a"), said("b"), said("c"), now=timezone.now())
    epoch, _ = feed.head(ROOM)

    events = feed.since(ROOM, epoch, 1)

    assert events is not None
    assert [event["text"] for event in events] == ["b", "c"]
    assert feed.since(ROOM, epoch, 3) == []


@pytest.mark.django_db
def test_since_gives_nothing_when_it_cannot_give_all():
    publish.to_show(ROOM, *(said(str(number)) for number in range(302)), now=timezone.now())
    epoch, seq = feed.head(ROOM)

    assert feed.since(ROOM, epoch, 1) is None  # 301 events
    assert feed.since(ROOM, epoch, 2) is not None
    assert feed.since(ROOM, "other", seq) is None
    assert feed.since(ROOM, epoch, seq + 1) is None
    assert feed.since(999, epoch, 0) is None


@pytest.mark.django_db
def test_since_gives_nothing_older_than_two_minutes():
    publish.to_show(ROOM, said("a"), now=timezone.now() - timedelta(seconds=121))
    publish.to_show(ROOM, said("b"), now=timezone.now())
    epoch, _ = feed.head(ROOM)

    assert feed.since(ROOM, epoch, 0) is None
    assert feed.since(ROOM, epoch, 1) is not None


@pytest.mark.django_db
def test_a_redacted_message_keeps_its_number_and_loses_its_words():
    publish.to_show(ROOM, said("mean words"), said("b"), now=timezone.now())

    feed.redact(ROOM, 1)

    events = feed.since(ROOM, feed.head(ROOM)[0], 0) or []
    assert [event["seq"] for event in events] == [1, 2]
    assert events[0]["text"] == ""
    assert "mean" not in str(list(FeedEvent.objects.values_list("payload", flat=True)))


@pytest.mark.django_db
def test_who_asks_for_forgotten_events_gets_a_snapshot():
    publish.to_show(ROOM, *(said(str(number)) for number in range(10)), now=timezone.now())
    epoch, _ = feed.head(ROOM)

    assert feed.forget(ROOM, before=6) == 5

    assert feed.since(ROOM, epoch, 4) is None
    assert [event["seq"] for event in feed.since(ROOM, epoch, 5) or []] == [6, 7, 8, 9, 10]
    assert feed.head(ROOM)[0] == epoch


@pytest.mark.django_db
def test_lost_history_is_a_new_epoch():
    publish.to_show(ROOM, said("a"), now=timezone.now())
    epoch, seq = feed.head(ROOM)

    assert feed.renew_epoch(ROOM) != epoch
    assert feed.since(ROOM, epoch, seq) is None


@pytest.mark.django_db
def test_recent_gives_some_kinds_only(now: datetime):
    publish.to_show(ROOM, said("a"), ItemPinned(item=1), said("b"), now=now)

    assert [event["type"] for event in feed.recent(ROOM, ["item.pinned"], 5)] == ["item.pinned"]


@pytest.mark.django_db
def test_the_newest_of_several_kinds_cost_one_query(now: datetime, django_assert_num_queries: Callable[[int], Any]):
    publish.to_show(ROOM, said("a"), ItemPinned(item=1), said("b"), ItemPinned(item=2), said("c"), now=now)
    publish.to_show(ROOM + 1, said("elsewhere"), now=now)

    with django_assert_num_queries(1):
        pins, drops, messages = feed.newest(
            ROOM, (["item.pinned", "item.unpinned"], 1), (["drop.opened"], 5), (["message.posted"], 2)
        )

    assert pins == feed.recent(ROOM, ["item.pinned"], 1)
    assert drops == []
    assert [event["text"] for event in messages] == ["b", "c"]


@pytest.mark.django_db
def test_a_feed_is_counted_on_one_row(now: datetime):
    publish.to_show(ROOM, said("a"), now=now)
    publish.to_show(ROOM + 1, said("a"), now=now)

    assert sorted(Feed.objects.values_list("room", "seq")) == [(ROOM, 1), (ROOM + 1, 1)]
