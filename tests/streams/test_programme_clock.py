"""The programme clock: anchored at arrival, never jumping, slowly leaning."""

import itertools
from datetime import UTC, datetime, timedelta

from streams.video.programme_clock import LEAN_MS, ProgrammeClock

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def after(ms: float) -> datetime:
    return NOON + timedelta(milliseconds=ms)


def test_a_segment_belongs_to_the_moment_its_first_frame_came_in():
    clock = ProgrammeClock()
    for second in (0, 2, 4):
        clock.key_frame(second * 1000, after(second * 1000))

    assert [clock.place(2000) for _ in range(3)] == [after(0), after(2000), after(4000)]


def test_before_any_frame_there_is_no_time():
    assert ProgrammeClock().place(2000) is None


def test_a_first_frame_that_was_held_up_does_not_make_the_whole_run_late():
    clock = ProgrammeClock()
    clock.key_frame(0, after(700))
    clock.key_frame(2000, after(2000))

    assert clock.place(2000) == after(0)


def test_a_jittering_network_does_not_move_the_clock():
    clock = ProgrammeClock()
    for number in range(8):
        clock.key_frame(number * 2000, after(number * 2000 + (0 if number % 3 == 0 else 180)))

    places = [clock.place(2000) for _ in range(8)]

    assert places == [after(number * 2000) for number in range(8)]


def test_an_encoder_that_runs_slow_is_followed_a_little_at_each_segment():
    clock = ProgrammeClock()
    places = []
    for number in range(60):
        clock.key_frame(number * 2000, after(number * 2010))
        place = clock.place(2000)
        assert place is not None
        places.append(place)

    steps = [(b - a) / timedelta(milliseconds=1) for a, b in itertools.pairwise(places)]
    assert all(2000 - LEAN_MS <= step <= 2000 + LEAN_MS for step in steps)
    assert abs((places[-1] - after(59 * 2010)) / timedelta(milliseconds=1)) < 200
    assert not clock.is_broken


def test_a_clock_that_ran_away_asks_for_a_new_run():
    clock = ProgrammeClock()
    clock.key_frame(0, after(0))
    clock.place(2000)
    for number in range(1, 25):
        clock.key_frame(number * 2000, after(number * 2000 + 60_000))
        clock.place(2000)

    assert clock.is_broken
