"""The synthetic encoder: keeps ffmpeg publishing a show, with what is pinned in its picture."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connections

from catalog.models import ProductImage
from livecommerce.demo.broadcaster.art import insert_of, write_moment
from livecommerce.demo.broadcaster.stage import MOMENT, STRIPES, stage_command
from streams.models import Pin, Show
from streams.video.ingest import encoder_settings

START_AGAIN_SECONDS = 2.0
LOOK_SECONDS = 0.5
CLOCK_SECONDS = 0.1

log = structlog.get_logger(__name__)


class Broadcaster:
    """Keeps one synthetic encoder on air until `stop`; `cut` drops its signal, as a bad line would."""

    def __init__(self, show: Show, *, publish_to: str = "") -> None:
        self._show_id, self._art, self._publish_to = show.pk, show.art, publish_to
        self._folder = Path(settings.DATA_DIR) / "stage" / f"show-{show.pk}"
        self._over = threading.Event()
        self._silent_until = self._look_at = 0.0
        self._encoder: subprocess.Popen[bytes] | None = None
        self._shown, self._insert = "", insert_of("")
        self._thread = threading.Thread(target=self._run, name="broadcaster", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Go off air and wait for it."""
        self._over.set()
        self._end_encoder()
        if self._thread.is_alive():
            self._thread.join(10)

    def cut(self, *, seconds: float) -> None:
        """Lose the signal without a word and come back after a while."""
        self._silent_until = time.monotonic() + seconds
        if self._encoder:
            self._encoder.kill()

    def _run(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            while not self._over.wait(CLOCK_SECONDS):
                # The real clock, whenever ffmpeg began and however late it is.
                tenths = int(time.time() / CLOCK_SECONDS)
                write_moment(self._insert, tenths=tenths, stripes=STRIPES, target=self._folder / MOMENT)
                if time.monotonic() > self._look_at:
                    self._look_at = time.monotonic() + LOOK_SECONDS
                    self._look()
        finally:
            self._end_encoder()
            connections.close_all()

    def _look(self) -> None:
        self._show_insert()
        if (self._encoder is None or self._encoder.poll() is not None) and not self._is_silent:
            self._begin()

    @property
    def _is_silent(self) -> bool:
        return time.monotonic() < self._silent_until

    def _begin(self) -> None:
        show = Show.objects.awaiting_picture().filter(pk=self._show_id).first()
        if show is None:
            return
        self._silent_until = time.monotonic() + START_AGAIN_SECONDS
        command = stage_command(art=self._art, folder=self._folder)
        command += ["-f", "flv", "-flvflags", "no_duration_filesize", self._publish_to or _address(show)]
        self._encoder = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - it is one system call, no lock is needed
        )
        log.info("broadcast_started", show=self._show_id, pid=self._encoder.pid)

    def _end_encoder(self) -> None:
        if self._encoder and self._encoder.poll() is None:
            self._encoder.terminate()
            try:
                self._encoder.wait(5)
            except subprocess.TimeoutExpired:
                self._encoder.kill()
                self._encoder.wait()

    def _show_insert(self) -> None:
        picture = picture_of_the_moment(self._show_id)
        if picture != self._shown:
            self._shown, self._insert = picture, insert_of(picture)


def _address(show: Show) -> str:
    target = encoder_settings(show)
    return f"{target.url}/{target.key}"


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """Ask the kernel to end ffmpeg when the thread that started it ends, however that happens."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


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
