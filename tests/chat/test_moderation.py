"""Mutes: with an end and a reason, in one show only, and never for the team."""

from datetime import timedelta

import pytest

from chat.messages import Draft, post_message
from chat.moderation import (
    BadMute,
    CannotMute,
    MuteNotFound,
    ViewerNotFound,
    active_mutes,
    mute_viewer,
    unmute_viewer,
)
from livecommerce.accounts.models import Visitor
from livecommerce.accounts.viewer import Viewer
from livecommerce.accounts.visitors import viewer_of_user

pytestmark = pytest.mark.django_db


def say(show, author, now, text="Hello", key="k"):
    viewer = author if isinstance(author, Viewer) else Viewer(visitor_id=author.pk, name=author.name)
    post_message(show_id=show.pk, draft=Draft.arrived(author=viewer, text=text, key=key, seen_ms=None, now=now))


def mute(show, public_id, by, now, seconds=300):
    return mute_viewer(show=show, viewer=public_id, seconds=seconds, reason="", actor=by, now=now)


def test_a_mute_ends_by_itself(live_show, host, rival_viewer, now):
    say(live_show, rival_viewer, now)
    mute(live_show, rival_viewer.public_id, host.user, now, seconds=60)

    say(live_show, rival_viewer, now + timedelta(seconds=61), key="k2")


def test_a_lifted_mute_lets_them_write_again(live_show, host, rival_viewer, now):
    say(live_show, rival_viewer, now)
    given = mute(live_show, rival_viewer.public_id, host.user, now)

    unmute_viewer(show=live_show, mute_id=given.pk, actor=host.user, now=now)
    unmute_viewer(show=live_show, mute_id=given.pk, actor=host.user, now=now)

    say(live_show, rival_viewer, now, key="k2")
    assert active_mutes(show=live_show, now=now) == []


def test_a_second_mute_replaces_the_first(live_show, host, rival_viewer, now):
    say(live_show, rival_viewer, now)
    mute(live_show, rival_viewer.public_id, host.user, now, seconds=3600)
    mute(live_show, rival_viewer.public_id, host.user, now, seconds=60)

    (only,) = active_mutes(show=live_show, now=now)
    assert only.until == now + timedelta(seconds=60)


def test_the_team_cannot_be_muted(live_show, host, moderator, now):
    for user in (host.user, moderator):
        author = viewer_of_user(user)
        say(live_show, author, now)
        with pytest.raises(CannotMute):
            mute(live_show, Visitor(id=author.visitor_id).public_id, host.user, now)


@pytest.mark.parametrize("public_id", ["", "zz", "0" * 12, "'; drop table", "f" * 40])
def test_nobody_is_muted_by_an_id_that_never_wrote(live_show, host, rival_viewer, now, public_id):
    with pytest.raises(ViewerNotFound):
        mute(live_show, public_id, host.user, now)


@pytest.mark.parametrize("seconds", [0, -5, 9, 86_401])
def test_a_mute_is_neither_a_blink_nor_a_ban(live_show, host, rival_viewer, now, seconds):
    say(live_show, rival_viewer, now)
    with pytest.raises(BadMute):
        mute(live_show, rival_viewer.public_id, host.user, now, seconds=seconds)


def test_a_mute_of_another_show_is_not_found(live_show, host, now):
    with pytest.raises(MuteNotFound):
        unmute_viewer(show=live_show, mute_id=4711, actor=host.user, now=now)
