"""Shows: every move by its verb, once, told to everyone and written down."""

import contextlib
from datetime import timedelta

import pytest

from livecommerce.accounts.viewer import Viewer
from livecommerce.realtime import feed
from streams import shows
from streams.models import Show, ShowMove
from streams.models.show import ShowState
from streams.shows import NotReadyForLive, ShowCannotMove, ShowNotFound

pytestmark = pytest.mark.django_db

VERBS = {
    "publish_draft": lambda show, now: shows.publish_draft(show=show, actor=None, now=now),
    "open_rehearsal": lambda show, now: shows.open_rehearsal(show=show, actor=None, now=now),
    "close_rehearsal": lambda show, now: shows.close_rehearsal(show=show, actor=None, now=now),
    "go_live": lambda show, now: shows.go_live(show=show, actor=None, now=now),
    "interrupt_show": lambda show, now: shows.interrupt_show(show=show, now=now),
    "resume_show": lambda show, now: shows.resume_show(show=show, now=now),
    "end_show": lambda show, now: shows.end_show(show=show, actor=None, now=now),
    "publish_replay": lambda show, now: shows.publish_replay(show=show, actor=None, now=now),
    "archive_show": lambda show, now: shows.archive_show(show=show, actor=None, now=now),
    "cancel_show": lambda show, now: shows.cancel_show(show=show, actor=None, now=now),
}
# From each state: the verbs that move a show, and where to. Everything else refuses or changes nothing.
ALLOWED = {
    "draft": {"publish_draft": "scheduled", "cancel_show": "cancelled"},
    "scheduled": {"open_rehearsal": "rehearsal", "cancel_show": "cancelled"},
    "rehearsal": {"go_live": "live", "close_rehearsal": "scheduled", "publish_draft": "scheduled"},
    "live": {"interrupt_show": "interrupted", "end_show": "ended"},
    "interrupted": {"resume_show": "live", "end_show": "ended"},
    "ended": {"publish_replay": "replay", "archive_show": "archived"},
    "replay": {"archive_show": "archived"},
    "archived": {},
    "cancelled": {},
}


@pytest.mark.parametrize("state", ShowState.values)
@pytest.mark.parametrize("verb", VERBS)
def test_a_show_moves_only_as_the_table_says(show, now, state, verb):
    began = now if state in {"live", "interrupted", "ended", "replay", "archived"} else None
    Show.objects.filter(pk=show.pk).update(state=state, live_started_at=began, interrupted_at=None)
    show.refresh_from_db()
    moves = ShowMove.objects.filter(show=show).count()
    with contextlib.suppress(ShowCannotMove, NotReadyForLive):
        VERBS[verb](show, now)
    show.refresh_from_db()

    assert show.state == ALLOWED[state].get(verb, state)
    assert ShowMove.objects.filter(show=show).count() == moves + (show.state != state)


def test_each_move_is_written_down_with_its_actor(show, host, now):
    shows.open_rehearsal(show=show, actor=None, now=now)
    show.refresh_from_db()
    shows.go_live(show=show, actor=host.user, now=now)

    last = ShowMove.objects.filter(show=show).latest("pk")
    assert (last.from_state, last.to_state, last.actor, last.at) == ("rehearsal", "live", host.user, now)


def test_a_show_without_a_picture_cannot_go_live(show, host, now):
    with pytest.raises(NotReadyForLive):
        shows.go_live(show=show, actor=host.user, now=now)


def test_going_live_twice_is_going_live_once(live_show, host, now):
    shows.go_live(show=live_show, actor=host.user, now=now + timedelta(seconds=5))

    live_show.refresh_from_db()
    assert live_show.live_started_at == now
    assert len(feed.recent(live_show.pk, ("show.went_live",), 10)) == 1


def test_everyone_hears_of_the_moves_that_concern_them(live_show, host, now):
    show = shows.interrupt_show(show=live_show, now=now)
    show = shows.resume_show(show=show, now=now)
    shows.end_show(show=show, actor=host.user, now=now)

    kinds = ("show.went_live", "show.interrupted", "show.resumed", "show.ended")
    told = feed.recent(live_show.pk, kinds, 10)
    assert [event["type"] for event in told] == list(kinds)
    assert told[1]["until"] == round((now + timedelta(seconds=600)).timestamp() * 1000)
    assert told[3]["until"] == round((now + timedelta(minutes=10)).timestamp() * 1000)


def test_two_who_end_a_show_from_old_copies_end_it_once(live_show, host, now):
    old = Show.objects.get(pk=live_show.pk)
    shows.end_show(show=live_show, actor=host.user, now=now)

    shows.end_show(show=old, actor=host.user, now=now)

    assert ShowMove.objects.filter(show=live_show, to_state="ended").count() == 1


def test_a_returning_picture_does_not_undo_the_hosts_pause(live_show, now):
    show = shows.stop_selling(show=live_show, reason="picture", now=now)
    show = shows.stop_selling(show=show, reason="host", now=now)
    show = shows.start_selling(show=show, reason="picture", now=now)

    assert shows.sales_state(show) == {"paused": True, "reason": "host", "since": round(now.timestamp() * 1000)}
    assert not shows.start_selling(show=show, reason="host", now=now).sales_paused


def test_the_team_sees_its_draft_and_others_see_nothing(show, host, moderator, brand_staff, outsider, viewer):
    Show.objects.filter(pk=show.pk).update(state="draft")

    for person in (host.user, moderator, brand_staff):
        assert shows.show_for_viewer(show.slug, Viewer(user_id=person.pk)).pk == show.pk
        assert shows.show_for_team(show.slug, person).pk == show.pk
    for stranger in (Viewer(user_id=outsider.pk), Viewer(visitor_id=viewer.pk), Viewer()):
        with pytest.raises(ShowNotFound):
            shows.show_for_viewer(show.slug, stranger)
    with pytest.raises(ShowNotFound):
        shows.show_for_team(show.slug, outsider)


def test_everyone_has_one_role_in_a_show(show, host, moderator, brand_staff, outsider):
    people = (host.user, moderator, brand_staff, outsider)

    assert [shows.role_of_user(show, person.pk) for person in people] == ["host", "moderator", "brand", "viewer"]
    assert shows.role_in(show, Viewer()) == "viewer"


def test_a_rehearsal_is_nobodys_business(show, now):
    show = shows.open_rehearsal(show=show, actor=None, now=now)

    assert shows.show_state(show)["state"] == "scheduled"
    assert show.playback_url == ""


def test_staff_find_their_shows_and_no_others(show, host, moderator, brand_staff, outsider):
    for person in (host.user, moderator, brand_staff):
        assert [found.pk for found in shows.shows_for_team(person)] == [show.pk]
    assert not shows.shows_for_team(outsider)
