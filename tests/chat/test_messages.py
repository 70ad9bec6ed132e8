"""Messages: keys, refusals in words, order of the feed, deletion and its undo."""

from datetime import timedelta

import pytest

from chat.messages import (
    BadKey,
    ChatClosed,
    Draft,
    EmptyMessage,
    MessageNotFound,
    MessageTooLong,
    Muted,
    Posted,
    SlowMode,
    UndoOver,
    delete_message,
    post_message,
    post_messages,
    restore_message,
)
from chat.models import Message
from chat.moderation import mute_viewer
from livecommerce.accounts.viewer import Viewer
from livecommerce.accounts.visitors import mint_visitor, viewer_of_user
from livecommerce.realtime import feed
from livecommerce.realtime.models import FeedEvent
from streams.models import Show

pytestmark = pytest.mark.django_db


def draft(person, text="Hello", key="k1", *, now, seen_ms=None):
    author = person if isinstance(person, Viewer) else Viewer(visitor_id=person.pk, name=person.name)
    return Draft.arrived(author=author, text=text, key=key, seen_ms=seen_ms, now=now)


def test_a_message_is_numbered_by_the_feed(live_show, rival_viewer, now):
    before = feed.head(live_show.pk)[1]

    posted = post_message(show_id=live_show.pk, draft=draft(rival_viewer, now=now))

    assert posted.seq == before + 1
    event = FeedEvent.objects.get(room=live_show.pk, seq=posted.seq)
    assert event.kind == "message.posted"
    assert event.payload["id"] == posted.id
    assert event.payload["author"] == {
        "id": rival_viewer.public_id,
        "name": event.payload["author"]["name"],
        "role": "viewer",
    }


def test_the_same_key_is_one_message_with_the_same_answer(live_show, rival_viewer, now):
    first = post_message(show_id=live_show.pk, draft=draft(rival_viewer, now=now))

    again = post_message(show_id=live_show.pk, draft=draft(rival_viewer, "something else", now=now))

    assert again == first
    assert Message.objects.count() == 1


def test_the_same_key_twice_in_one_batch_is_one_message(live_show, rival_viewer, now):
    first, second = post_messages(live_show.pk, [draft(rival_viewer, now=now), draft(rival_viewer, now=now)])

    assert first == second
    assert Message.objects.count() == 1


def test_a_key_belongs_to_its_author(live_show, rival_viewer, viewer, now):
    answers = post_messages(live_show.pk, [draft(rival_viewer, now=now), draft(viewer, now=now)])

    assert len({answer.id for answer in answers}) == 2


def test_a_refused_message_never_fails_its_neighbours(live_show, rival_viewer, now):
    drafts = [
        draft(rival_viewer, "first", "a", now=now),
        draft(rival_viewer, "  \x00\n ", "b", now=now),
        draft(rival_viewer, "x" * 301, "c", now=now),
        draft(rival_viewer, "key", "a key with spaces", now=now),
        draft(rival_viewer, "last \ud800 half", "e", now=now),
    ]

    answers = post_messages(live_show.pk, drafts)

    assert [type(answer) for answer in answers] == [Posted, EmptyMessage, MessageTooLong, BadKey, Posted]
    assert [message.text for message in Message.objects.order_by("seq")] == ["first", "last   half"]


def test_messages_of_a_batch_keep_the_order_of_arrival(live_show, rival_viewer, now):
    answers = post_messages(live_show.pk, [draft(rival_viewer, str(n), f"k{n}", now=now) for n in range(50)])

    seqs = [answer.seq for answer in answers]
    assert seqs == list(range(seqs[0], seqs[0] + 50))
    assert [m.text for m in Message.objects.order_by("seq")] == [str(n) for n in range(50)]


def test_the_host_and_the_chat_team_are_drawn_as_such(live_show, host, moderator, viewer, now):
    for number, user in enumerate([host.user, moderator, viewer.user]):
        post_message(show_id=live_show.pk, draft=draft(viewer_of_user(user), "Hi", f"k{number}", now=now))

    assert list(Message.objects.order_by("seq").values_list("role", flat=True)) == ["host", "moderator", "viewer"]


@pytest.mark.parametrize("state", ["ended", "replay", "archived", "cancelled", "draft"])
def test_nobody_writes_in_a_show_that_is_over_or_not_announced(live_show, rival_viewer, now, state):
    Show.objects.filter(pk=live_show.pk).update(state=state)

    with pytest.raises(ChatClosed):
        post_message(show_id=live_show.pk, draft=draft(rival_viewer, now=now))


def test_slow_mode_tells_how_long_to_wait_and_spares_the_team(live_show, host, rival_viewer, now):
    Show.objects.filter(pk=live_show.pk).update(slow_seconds=10)
    team = viewer_of_user(host.user)
    post_message(show_id=live_show.pk, draft=draft(rival_viewer, now=now))
    post_message(show_id=live_show.pk, draft=draft(team, "one", "k1", now=now))

    with pytest.raises(SlowMode) as refused:
        post_message(show_id=live_show.pk, draft=draft(rival_viewer, key="k2", now=now + timedelta(seconds=4)))

    assert refused.value.retry_in == 6
    post_message(show_id=live_show.pk, draft=draft(team, "two", "k2", now=now))
    post_message(show_id=live_show.pk, draft=draft(rival_viewer, key="k2", now=now + timedelta(seconds=11)))


def test_slow_mode_holds_within_one_batch(live_show, rival_viewer, now):
    Show.objects.filter(pk=live_show.pk).update(slow_seconds=10)

    answers = post_messages(live_show.pk, [draft(rival_viewer, key=f"k{n}", now=now) for n in range(3)])

    assert [type(answer) for answer in answers] == [Posted, SlowMode, SlowMode]


def test_a_muted_viewer_cannot_post_and_is_told_why_and_until_when(live_show, host, rival_viewer, viewer, now):
    post_message(show_id=live_show.pk, draft=draft(rival_viewer, now=now))
    mute_viewer(
        show=live_show,
        viewer=rival_viewer.public_id,
        seconds=300,
        reason="links to other shops",
        actor=host.user,
        now=now,
    )

    answers = post_messages(live_show.pk, [draft(rival_viewer, key="k2", now=now), draft(viewer, key="k2", now=now)])

    assert isinstance(answers[0], Muted)
    assert "5:00" in answers[0].message
    assert "links to other shops" in answers[0].message
    assert answers[0].retry_in == 300
    assert isinstance(answers[1], Posted)


def test_a_mute_follows_a_guest_who_signs_in(live_show, host, viewer, now):
    guest, _ = mint_visitor(now=now)
    post_message(show_id=live_show.pk, draft=draft(guest, now=now))
    mute_viewer(show=live_show, viewer=guest.public_id, seconds=300, reason="", actor=host.user, now=now)
    guest.merged_into = viewer
    guest.save()

    with pytest.raises(Muted):
        post_message(show_id=live_show.pk, draft=draft(viewer, key="k2", now=now))


def test_a_deleted_message_leaves_the_feed_without_a_gap(live_show, host, rival_viewer, now):
    posted = post_message(show_id=live_show.pk, draft=draft(rival_viewer, "secret", now=now))

    delete_message(show=live_show, message_id=posted.id, actor=host.user, now=now)
    delete_message(show=live_show, message_id=posted.id, actor=host.user, now=now)

    events = list(FeedEvent.objects.filter(room=live_show.pk).order_by("seq"))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert "secret" not in str([event.payload for event in events])
    assert [event.kind for event in events].count("message.deleted") == 1
    assert events[-1].payload["message_seq"] == posted.seq


def test_a_deletion_can_be_undone_for_a_moment(live_show, host, rival_viewer, now):
    posted = post_message(show_id=live_show.pk, draft=draft(rival_viewer, "oops", now=now))
    delete_message(show=live_show, message_id=posted.id, actor=host.user, now=now)

    later = now + timedelta(seconds=10)
    restored = restore_message(show=live_show, message_id=posted.id, actor=host.user, now=later)

    assert restored.seq == feed.head(live_show.pk)[1]
    assert FeedEvent.objects.get(room=live_show.pk, seq=restored.seq).payload["text"] == "oops"
    delete_message(show=live_show, message_id=posted.id, actor=host.user, now=later)
    with pytest.raises(UndoOver):
        restore_message(show=live_show, message_id=posted.id, actor=host.user, now=later + timedelta(seconds=20))


def test_a_message_of_another_show_is_not_found(live_show, host, rival_viewer, now):
    with pytest.raises(MessageNotFound):
        delete_message(show=live_show, message_id=999_999, actor=host.user, now=now)


def test_a_programme_time_that_no_clock_can_show_is_left_out(rival_viewer, now):
    assert draft(rival_viewer, now=now, seen_ms=10**18).seen_at is None
    assert draft(rival_viewer, now=now, seen_ms=0).seen_at is None
    assert draft(rival_viewer, now=now, seen_ms=1_795_287_600_000).seen_at is not None
