"""Replays: film for the demo's past shows, made on the stage of the synthetic broadcaster in a few seconds.

A past show lasts an hour and its film twelve seconds a chapter, repeated: enough to see that chapters, programme time
and rewinding are real.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connections

from catalog.models import ProductImage
from livecommerce.demo.broadcaster.art import insert_of, moment_of
from livecommerce.demo.broadcaster.stage import STRIPES, stage_command
from streams.models import Pin, Show
from streams.video.ffmpeg import INIT, PLAYLIST
from streams.video.recording import Clip, add_recording

CLIP_SECONDS = 12
PATIENCE_SECONDS = 300
# Behind everything that somebody waits for.
NICENESS = 10


def film_past_shows() -> None:
    """Film every replay that has no picture yet."""
    for show in Show.objects.filter(state=Show.State.REPLAY, segments__isnull=True).distinct():
        if show.live_started_at and show.ended_at:
            _film(show, show.live_started_at, show.ended_at)
    connections.close_all()


def _film(show: Show, began: datetime, over: datetime) -> None:
    """One clip per chapter: what was pinned is in the picture."""
    folder = Path(settings.DATA_DIR) / "stage" / f"replay-{show.pk}"
    scenes = _scenes(show, over)
    try:
        clips = []
        for number, (picture, until) in enumerate(scenes):
            _render(show.art, picture, folder / str(number))
            clips.append(Clip(folder / str(number), until))
        add_recording(show=show, clips=clips, begins_at=began)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _scenes(show: Show, over: datetime) -> list[tuple[str, datetime]]:
    """What is in the picture, and until when: each chapter lasts until the next one begins."""
    pins = list(Pin.objects.filter(show=show).order_by("programme_at").select_related("item"))
    arts = dict(
        ProductImage.objects.filter(product__lineup_items__show=show, position=0).values_list("product_id", "art")
    )
    ends = [pin.programme_at for pin in pins[1:]] + [over]
    return [(arts.get(pin.item.product_id, ""), until) for pin, until in zip(pins, ends, strict=True)] or [("", over)]


def _render(scene: str, picture: str, place: Path) -> None:
    place.mkdir(parents=True)
    command = stage_command(art=scene, folder=place, seconds=CLIP_SECONDS)
    command += ["-f", "hls", "-hls_time", "1.9", "-hls_list_size", "0", "-hls_segment_type", "fmp4"]
    command += ["-hls_fmp4_init_filename", INIT, "-hls_segment_filename", str(place / "%06d.m4s")]
    with subprocess.Popen([*command, str(place / PLAYLIST)], stdin=subprocess.PIPE) as camera:
        os.setpriority(os.PRIO_PROCESS, camera.pid, NICENESS)
        if camera.stdin:
            camera.stdin.write(moment_of(insert_of(picture), tenths=0, stripes=STRIPES))
            camera.stdin.close()
        if camera.wait(PATIENCE_SECONDS):
            raise subprocess.CalledProcessError(camera.returncode, "ffmpeg")
