"""Playlists: one list cut differently, by the rules of RFC 8216, after every segment."""

import re
from datetime import UTC, datetime, timedelta

import m3u8
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.models import PackRun, Segment
from streams.video.playlist import Line, playlist_of, rehearsal_playlist, window, write_playlist

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def lines_of(runs: list[list[int]]) -> list[Line]:
    """Segments of these durations, run by run, with half a minute between two runs."""
    lines, moment, seq = [], NOON, 0
    for number, durations in enumerate(runs):
        for place, duration in enumerate(durations):
            first = place == 0 and number > 0
            lines.append(Line(seq, moment, duration, f"{number:032x}", f"{seq}-ab.m4s", "init-cd.mp4", first))
            moment += timedelta(milliseconds=duration)
            seq += 1
        moment += timedelta(seconds=30)
    return lines


shows = st.lists(st.lists(st.integers(100, 2450), min_size=1, max_size=40), min_size=1, max_size=5).map(lines_of)


@settings(deadline=None)
@given(shows)
def test_a_live_list_follows_the_rules_after_every_segment(lines):
    before = None
    for count in range(1, len(lines) + 1):
        kept = window(lines[:count])
        earlier = sum(line.discontinuity for line in lines[: count - len(kept)])
        text = write_playlist(kept, kind="live", earlier_discontinuities=earlier, ended=False)
        now = m3u8.loads(text)

        assert now.target_duration == 2
        assert all(round(segment.duration) <= now.target_duration for segment in now.segments)
        assert all(segment.program_date_time and segment.init_section for segment in now.segments)
        assert not now.is_endlist
        if before is not None:
            assert now.media_sequence >= before.media_sequence
            assert (now.discontinuity_sequence or 0) >= (before.discontinuity_sequence or 0)
            same = {segment.uri: place + before.media_sequence for place, segment in enumerate(before.segments)}
            for place, segment in enumerate(now.segments):
                assert same.get(segment.uri, place + now.media_sequence) == place + now.media_sequence
        before = now


@settings(deadline=None)
@given(shows)
def test_each_segment_keeps_its_discontinuity_number_while_the_window_moves(lines):
    known: dict[str, int] = {}
    for count in range(1, len(lines) + 1):
        kept = window(lines[:count])
        number = sum(line.discontinuity for line in lines[: count - len(kept)])
        text = write_playlist(kept, kind="live", earlier_discontinuities=number, ended=False)
        for line in text.splitlines():
            if line == "#EXT-X-DISCONTINUITY":
                number += 1
            elif line.endswith(".m4s"):
                assert known.setdefault(line, number) == number


@settings(deadline=None)
@given(shows)
def test_the_window_holds_a_minute_and_not_more_than_it_needs(lines):
    kept = window(lines)
    total = sum(line.duration_ms for line in kept)

    assert kept == lines[-len(kept) :]
    assert total >= 60_000 or kept == lines
    assert total - kept[0].duration_ms < 60_000


def test_a_replay_ends_and_says_what_it_is():
    lines = lines_of([[2000] * 3, [2000] * 2])

    vod = m3u8.loads(write_playlist(lines, kind="vod", ended=True))

    assert vod.is_endlist
    assert vod.playlist_type == "vod"
    assert [segment.discontinuity for segment in vod.segments] == [False, False, False, True, False]


@pytest.fixture
def film(live_show):
    """`film(3)`: three more segments of two seconds in a new run."""

    def more(count: int, *, rehearsal: bool = False) -> PackRun:
        last = Segment.objects.filter(show=live_show).order_by("-seq").first()
        seq = last.seq + 1 if last else 0
        run = PackRun.objects.create(
            show=live_show, token=f"{PackRun.objects.count():032x}", mode="copy", started_at=NOON
        )
        for number in range(seq, seq + count):
            Segment.objects.create(
                show=live_show,
                run=run,
                seq=number,
                programme_at=NOON + timedelta(seconds=2 * number),
                duration_ms=2000,
                size=1,
                name=f"{number}-ab.m4s",
                init_name="init-cd.mp4",
                discontinuity=number == seq and seq > 0,
                rehearsal=rehearsal,
            )
        return run

    return more


def test_what_was_filmed_in_rehearsal_is_in_no_public_list(live_show, film):
    film(5, rehearsal=True)
    film(3)

    for kind in ("live", "dvr", "vod"):
        text = playlist_of(live_show, kind)
        assert text is not None
        assert len(re.findall(r"\.m4s", text)) == 3
        assert "#EXT-X-MEDIA-SEQUENCE:5" in text
    preview = rehearsal_playlist(live_show)
    assert preview is not None
    assert len(re.findall(r"\.m4s", preview)) == 8


def test_there_is_no_list_before_the_first_public_segment(live_show, film):
    film(2, rehearsal=True)

    assert playlist_of(live_show, "live") is None


def test_the_live_list_slides_and_counts_the_discontinuities_that_left_it(live_show, film):
    film(4)
    film(4)
    film(40)

    live = m3u8.loads(playlist_of(live_show, "live"))
    dvr = m3u8.loads(playlist_of(live_show, "dvr"))

    assert len(live.segments) == 30
    assert live.media_sequence == 18
    assert live.discontinuity_sequence == 2
    assert len(dvr.segments) == 48
    assert dvr.playlist_type == "event"
