"""The synthetic encoder: keeps ffmpeg publishing a show, with what is pinned in its picture.

ffmpeg gets every frame's moment through a pipe from here. So it ends when we do, and its frames have the real time.
"""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connections

from catalog.models import ProductImage
from livecommerce.demo.broadcaster.art import insert_of, moment_of
from livecommerce.demo.broadcaster.stage import RATE, STRIPES, stage_command
from streams.models import Pin, Show
from streams.video.ingest import encoder_settings

START_AGAIN_SECONDS = 2.0
LOOK_SECONDS = 0.5
TENTH = 0.1

log = structlog.get_logger(__name__)


class Broadcaster:
    """Keeps one synthetic encoder on air until `stop`; `cut` drops its signal, as a bad line would."""

    def __init__(self, show: Show, *, publish_to: str = "") -> None:
        self._show_id, self._art, self._publish_to = show.pk, show.art, publish_to
        self._folder = Path(settings.DATA_DIR) / "stage"
        self._over = threading.Event()
        self._silent_until = self._look_at = 0.0
        self._shown, self._insert = "", insert_of("")
        self._encoder: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="broadcaster", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Go off air and wait for it."""
        self._over.set()
        self._thread.join(15)

    def cut(self, *, seconds: float) -> None:
        """Lose the signal without a word and come back after a while."""
        self._silent_until = time.monotonic() + seconds
        if self._encoder:
            self._encoder.kill()

    def _run(self) -> None:
        try:
            due = time.monotonic()
            while not self._over.wait(max(0.0, due - time.monotonic())):
                # A frame that is late is left out, the next one is not hurried.
                due = max(due + 1 / RATE, time.monotonic())
                if due > self._look_at:
                    self._look_at = due + LOOK_SECONDS
                    self._look()
                self._film()
        finally:
            self._end_encoder()
            connections.close_all()

    def _film(self) -> None:
        pipe = self._encoder.stdin if self._encoder and self._encoder.poll() is None else None
        if pipe is None:
            return
        try:
            pipe.write(moment_of(self._insert, tenths=int(time.time() / TENTH), stripes=STRIPES))
            pipe.flush()
        except BrokenPipeError:
            # It has just ended; the next look begins another one.
            return

    def _look(self) -> None:
        picture = picture_of_the_moment(self._show_id)
        if picture != self._shown:
            self._shown, self._insert = picture, insert_of(picture)
        gone = self._encoder is None or self._encoder.poll() is not None
        if gone and time.monotonic() >= self._silent_until:
            self._begin()

    def _begin(self) -> None:
        show = Show.objects.awaiting_picture().filter(pk=self._show_id).first()
        if show is None:
            return
        self._end_encoder()
        self._silent_until = time.monotonic() + START_AGAIN_SECONDS
        command = stage_command(art=self._art, folder=self._folder)
        command += ["-f", "flv", "-flvflags", "no_duration_filesize", self._publish_to or _address(show)]
        self._encoder = subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        log.info("broadcast_started", show=self._show_id, pid=self._encoder.pid)

    def _end_encoder(self) -> None:
        """Close its pipe, which ends it; insist if it does not."""
        encoder, self._encoder = self._encoder, None
        if encoder is None:
            return
        try:
            if encoder.stdin:
                encoder.stdin.close()
        except BrokenPipeError:
            pass
        try:
            encoder.wait(5)
        except subprocess.TimeoutExpired:
            encoder.kill()
            encoder.wait()


def _address(show: Show) -> str:
    target = encoder_settings(show)
    return f"{target.url}/{target.key}"


def picture_of_the_moment(show_id: int) -> str:
    """The picture of what was pinned last: a static drawing, a file, or nothing."""
    pin = Pin.objects.open().filter(show=show_id).select_related("item").last()
    image = ProductImage.objects.filter(product=pin.item.product_id).order_by("position").first() if pin else None
    if image is None:
        return ""
    if not image.image:
        return image.art
    try:
        return image.image.path
    except NotImplementedError:
        # In object storage: the set goes on without it.
        return ""
