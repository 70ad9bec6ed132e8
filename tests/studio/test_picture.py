"""What the Studio says about picture and delay: in words, with advice, and a GO that everyone hears in time."""

from datetime import timedelta

import pytest

from livecommerce.realtime.models import WatchedMinute
from livecommerce.studio.board import Board
from livecommerce.studio.picture import delay_of, health_of
from streams.models import Ingest

pytestmark = pytest.mark.django_db


def told(show, now, *, median, slow):
    WatchedMinute.objects.create(
        room=show.pk,
        minute=now - timedelta(minutes=1),
        teller="here",
        viewers=10,
        watched_seconds=600,
        stalls=0,
        behind_median_ms=median,
        behind_slow_ms=slow,
    )


def arriving(show, now, **facts):
    good = {"bitrate_kbps": 2500, "fps": 25.0, "keyframe_ms": 2000, "width": 720, "height": 1280, "has_audio": True}
    return Ingest.objects.create(show=show, state=Ingest.State.RECEIVING, updated_at=now, **{**good, **facts})


def test_nobody_is_late_until_somebody_told(live_show, now):
    assert delay_of(live_show, now=now) is None


def test_go_is_said_as_early_as_the_slowest_hear_late(live_show, host, now):
    told(live_show, now, median=6000, slow=10_400)

    board = Board(show=live_show, user=host.user, now=now)

    assert board.delay.most == pytest.approx(6.8)
    assert board.delay.slowest == pytest.approx(11.2)
    assert board.say_at == 12
    assert board.slowest_hear_at == 1
    assert board.countdown.least > board.say_at


def test_a_good_picture_is_one_word(live_show, now):
    arriving(live_show, now)

    health = health_of(live_show, now=now)

    assert (health.word, health.advice) == ("Good", "")


@pytest.mark.parametrize(
    ("facts", "advice"),
    [
        ({"bitrate_kbps": 300}, "sharp picture"),
        ({"fps": 12.0}, "encoder is too slow"),
        ({"keyframe_ms": 4000}, "keyframe interval"),
        ({"has_audio": False}, "No sound"),
    ],
)
def test_a_weak_picture_comes_with_what_to_do(live_show, now, facts, advice):
    arriving(live_show, now, **facts)

    health = health_of(live_show, now=now)

    assert health.word == "Weak"
    assert advice in health.advice


def test_an_encoder_that_is_silent_for_long_counts_as_gone(live_show, now):
    arriving(live_show, now - timedelta(minutes=1))

    assert not health_of(live_show, now=now).arrives
