"""The picture, with real encoders: a show follows what its encoder sends, whatever happens to it."""

import subprocess
import time
from collections.abc import Callable
from itertools import pairwise

import m3u8
import psutil
import pytest
from django.utils import timezone

from livecommerce import safe_mode
from streams import shows
from streams.models import Ingest, PackRun, Segment, Show
from streams.video.ffmpeg import LONGEST_SEGMENT_SECONDS, ffmpeg_path
from streams.video.ingest import encoder_settings, rotate_stream_key, show_for_key, stream_key
from streams.video.playlist import playlist_of
from streams.video.segments import public_folder
from streams.video.supervisor import SupervisorThread

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 40


def wait_for(said: Callable[[], object], what: str, *, seconds: float = PATIENCE_SECONDS) -> None:
    until = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < until, f"in vain: {what}"
        time.sleep(0.1)


@pytest.fixture
def supervisor(settings, tmp_path, show):
    """A running supervisor on a free port."""
    settings.LIVE_ROOT = tmp_path / "live"
    settings.INGEST_PORT = 0
    thread = SupervisorThread(safe_mode.picture_calls())
    thread.start()
    wait_for(lambda: Ingest.objects.filter(show=show).exclude(port=0).exists(), "an open gate")
    yield thread
    thread.stop()


@pytest.fixture
def publish(supervisor, show):
    """`publish()`: a small encoder for the show. Ended with the test if it is still there."""
    encoders: list[subprocess.Popen[bytes]] = []

    def start(*, gop: int = 50, sound: bool = True, key: str = "") -> subprocess.Popen[bytes]:
        target = encoder_settings(show)
        command = [ffmpeg_path(), "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=180x320:rate=25"]
        command += ["-re", "-f", "lavfi", "-i", "sine=sample_rate=48000"] if sound else []
        command += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"]
        command += ["-g", str(gop), "-b:v", "200k", *(["-c:a", "aac"] if sound else [])]
        encoder = subprocess.Popen(
            [*command, "-f", "flv", f"{target.url}/{key or target.key}"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        encoders.append(encoder)
        return encoder

    yield start
    for encoder in encoders:
        encoder.kill()
        encoder.wait()


def state_of(show: Show) -> str:
    return Show.objects.values_list("state", flat=True).get(pk=show.pk)


def cutters() -> list[psutil.Process]:
    """The packager's ffmpegs that still run."""
    children = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in children if "pipe:0" in child.cmdline()]


def film(show: Show) -> list[Segment]:
    return list(Segment.objects.filter(show=show).in_order())


def go_live(show: Show, host) -> None:
    wait_for(lambda: state_of(show) == "rehearsal", "the rehearsal")
    shows.go_live(show=Show.objects.get(pk=show.pk), actor=host.user, now=timezone.now())
    wait_for(lambda: playlist_of(Show.objects.get(pk=show.pk), "live"), "the first public segment")


def test_a_show_goes_on_at_the_same_address_after_its_encoder_was_killed(show, host, publish):
    encoder = publish()
    go_live(show, host)
    rehearsed = Segment.objects.filter(show=show, rehearsal=True).count()
    assert rehearsed > 0

    encoder.kill()
    killed = time.monotonic()
    wait_for(lambda: state_of(show) == "interrupted", "the interruption")
    assert time.monotonic() - killed > 4
    interrupted = Show.objects.get(pk=show.pk)
    assert interrupted.sales_paused_reason == "picture"
    assert "ENDLIST" not in str(playlist_of(interrupted, "live"))

    publish()
    wait_for(lambda: state_of(show) == "live", "the picture's return")
    live = m3u8.loads(playlist_of(Show.objects.get(pk=show.pk), "live"))
    assert [segment.discontinuity for segment in live.segments].count(True) == 1
    assert not Show.objects.get(pk=show.pk).sales_paused
    assert [segment.seq for segment in film(show)] == list(range(len(film(show))))
    assert all(a.programme_at < b.programme_at for a, b in pairwise(film(show)))
    assert live.media_sequence == rehearsed


def test_the_end_of_a_show_sends_its_encoder_away_and_leaves_a_replay(show, host, publish):
    encoder = publish()
    go_live(show, host)

    safe_mode.end_show(show=Show.objects.get(pk=show.pk), actor=host.user, now=timezone.now())

    wait_for(lambda: encoder.poll() is not None, "the end of the encoder")
    wait_for(lambda: not PackRun.objects.filter(show=show, ended_at=None).exists(), "the end of the run")
    replay = m3u8.loads(playlist_of(Show.objects.get(pk=show.pk), "vod"))
    assert replay.is_endlist
    assert encoder.wait() != 0, "it was not the encoder that left"


def test_every_segment_plays_alone_and_lasts_as_long_as_it_says(show, host, publish):
    publish()
    go_live(show, host)
    wait_for(lambda: Segment.objects.public().filter(show=show).count() >= 3, "three segments")

    for segment in Segment.objects.public().filter(show=show).select_related("run"):
        folder = public_folder(segment.run.token)
        whole = (folder / segment.init_name).read_bytes() + (folder / segment.name).read_bytes()
        frames = decoded_frames(whole)
        assert abs(frames / 25 - segment.duration_ms / 1000) <= 1 / 25 + 0.001
        assert segment.duration_ms <= LONGEST_SEGMENT_SECONDS * 1000


def decoded_frames(film: bytes) -> int:
    command = [ffmpeg_path(), "-loglevel", "error", "-i", "pipe:0", "-map", "0:v", "-f", "framemd5", "pipe:1"]
    decoded = subprocess.run(command, input=film, capture_output=True, check=True)
    assert not decoded.stderr, decoded.stderr.decode()
    return sum(not line.startswith(b"#") for line in decoded.stdout.splitlines())


def test_key_frames_that_are_too_far_apart_are_made_anew(show, publish):
    publish(gop=250)

    wait_for(lambda: len(film(show)) >= 4, "four segments")
    assert PackRun.objects.filter(show=show).latest("pk").mode == "transcode"
    assert all(segment.duration_ms <= LONGEST_SEGMENT_SECONDS * 1000 for segment in film(show))
    wait_for(lambda: Ingest.objects.get(show=show).keyframe_ms == 10_000, "the Studio's figure", seconds=30)


def test_a_silent_encoder_gets_a_silent_track(show, publish):
    publish(sound=False)

    wait_for(lambda: film(show), "a segment")
    assert not Ingest.objects.get(show=show).has_audio
    run = PackRun.objects.get(show=show)
    init = next((public_folder(run.token).parent.parent / "rehearsal" / run.token).glob("init-*.mp4"))
    assert b"mp4a" in init.read_bytes()


def test_a_wrong_key_brings_no_picture(show, host, publish):
    old = stream_key(show)
    new = rotate_stream_key(show=show, actor=host.user, now=timezone.now())

    for key in (old, f"{show.pk}-guess", "nonsense", "9999999-abc"):
        encoder = publish(key=key)
        assert encoder.wait(PATIENCE_SECONDS) != 0
    assert not film(show)
    assert show_for_key(old) is None
    assert show_for_key(new) == show


def test_the_newest_encoder_wins(show, publish):
    first = publish()
    wait_for(lambda: film(show), "a segment")

    publish()

    wait_for(lambda: first.poll() is not None, "the end of the older one")
    before = len(film(show))
    wait_for(lambda: len(film(show)) > before + 1, "more film")
    assert PackRun.objects.filter(show=show).count() == 2


def test_a_show_whose_encoder_stays_away_ends_by_itself(show, host, publish):
    Show.objects.filter(pk=show.pk).update(reconnect_seconds=1)
    encoder = publish()
    go_live(show, host)

    encoder.kill()

    wait_for(lambda: state_of(show) == "ended", "the end")


def test_a_supervisor_that_starts_anew_goes_on_where_the_last_one_ended(show, host, publish, supervisor):
    publish()
    go_live(show, host)

    supervisor.stop()
    assert not cutters()
    assert PackRun.objects.filter(show=show, ended_at=None).count() == 0
    second = SupervisorThread(safe_mode.picture_calls())
    second.start()
    try:
        port = Ingest.objects.get(show=show).port
        wait_for(lambda: Ingest.objects.get(show=show).port != port, "the new gate")
        before = len(film(show))
        publish()
        wait_for(lambda: len(film(show)) > before + 1 and state_of(show) == "live", "more film")
        assert [segment.seq for segment in film(show)] == list(range(len(film(show))))
    finally:
        second.stop()
