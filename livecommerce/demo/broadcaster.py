"""The synthetic show: an encoder like any other, for people without a camera and for tests.

It publishes over RTMP with the show's own key: the drawn set with a moving camera that cuts between two shots, an
insert of what is pinned, a wall clock, voice-like sound, and the stripe clock. That is twelve boxes of 60 x 16 pixels
at the top edge; box K is white while bit K of the tenths of a second since 1970 is set: tests read a frame's moment.
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
from livecommerce.demo.stage_art import Look, clock_font, drawn, write_insert
from streams.models import Pin, Show
from streams.video.ffmpeg import ffmpeg_path
from streams.video.ingest import encoder_settings

WIDTH, HEIGHT, RATE = 720, 1280, 25
STRIPES, STRIPE_WIDTH, STRIPE_HEIGHT = 12, 60, 16
STRIPE_PERIOD = 2**STRIPES / 10
SHOT_SECONDS = 14
# Widths of the drawn set: a wide shot and a close one, with how far each sways and how high it looks.
SHOTS, SWAYS = (864, 1224), ((0.3, 0.16), (0.2, 0.22))
LOOKS: tuple[Look, ...] = ("smile", "talk", "blink")
INSERT = "insert.pam"
START_AGAIN_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Broadcaster:
    """Keeps one synthetic encoder on air until `stop`; `cut` drops its signal, as a bad line would."""

    def __init__(self, show: Show) -> None:
        self._show_id, self._art = show.pk, show.art
        self._folder = Path(settings.DATA_DIR) / "stage" / f"show-{show.pk}"
        self._over = threading.Event()
        self._silent_until = 0.0
        self._encoder: subprocess.Popen[bytes] | None = None
        self._shown = "-"
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
            while not self._over.is_set():
                self._show_insert()
                if (self._encoder is None or self._encoder.poll() is not None) and not self._is_silent:
                    self._begin()
                self._over.wait(0.5)
        finally:
            self._end_encoder()
            connections.close_all()

    @property
    def _is_silent(self) -> bool:
        return time.monotonic() < self._silent_until

    def _begin(self) -> None:
        show = Show.objects.awaiting_picture().filter(pk=self._show_id).first()
        if show is None:
            return
        self._silent_until = time.monotonic() + START_AGAIN_SECONDS
        target = encoder_settings(show)
        command = stage_command(art=self._art, folder=self._folder, began_at=time.time())
        command += ["-f", "flv", "-flvflags", "no_duration_filesize", f"{target.url}/{target.key}"]
        self._encoder = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
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
        if picture != self._shown or not (self._folder / INSERT).exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            write_insert(picture, self._folder / INSERT)
            self._shown = picture


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


_SPEAKING = "gt(sin(2*PI*t/3.7+sin(0.5*t)),-0.7)"
_TALKS = f"gt(abs(sin(PI*4.1*t+0.9*sin(1.7*t))),0.6)*{_SPEAKING}"
_BLINKS = "lt(mod(t+sin(floor(t/4)),4.3),0.13)"


def stage_command(*, art: str, folder: Path, began_at: float, seconds: float | None = None) -> list[str]:
    """ffmpeg's arguments up to the output. With `seconds` it renders so much as fast as it can, instead of live."""
    live = ["-re"] if seconds is None else []
    command = [ffmpeg_path(), "-hide_banner", "-loglevel", "error", "-nostats"]
    for width in SHOTS:
        for look in LOOKS:
            shot = drawn(art, width=width, look=look)
            command += ["-i", str(shot)] if shot else ["-f", "lavfi", "-i", f"color=c=0x2f4f49:s={width}x2640:r=1:d=1"]
    command += [*live, "-f", "image2", "-loop", "1", "-framerate", str(RATE), "-i", str(folder / INSERT)]
    command += [*live, "-f", "lavfi", "-i", f"aevalsrc='{_VOICE}':s=16000:c=mono"]
    command += ["-filter_complex_threads", "1", "-filter_complex", _picture_graph(folder, began_at)]
    command += [
        "-map",
        "[picture]",
        "-map",
        f"{len(SHOTS) * len(LOOKS) + 1}:a",
        *(["-t", str(seconds)] if seconds else []),
    ]
    command += [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-tune",
        "zerolatency",
        "-profile:v",
        "main",
        "-threads",
        "1",
    ]
    command += ["-g", str(2 * RATE), "-keyint_min", str(2 * RATE), "-sc_threshold", "0", "-pix_fmt", "yuv420p"]
    command += ["-b:v", "1500k", "-maxrate", "1800k", "-bufsize", "1800k"]
    return [*command, "-c:a", "aac", "-b:a", "64k", "-ar", "48000", "-ac", "2"]


def _picture_graph(folder: Path, began_at: float) -> str:
    """Two shots of one set, swaying like a hand-held camera, a face that talks and blinks; insert, clock and stripes."""
    still = f"loop=loop=-1:size=1:start=0,setpts=N/{RATE}/TB,fps={RATE}"
    chains = []
    for shot, (sway, height) in enumerate(SWAYS):
        for number in range(len(LOOKS)):
            at = f"x='(iw-ow)/2*(1+{sway}*sin(t*0.31))':y='(ih-oh)*({height}+0.02*sin(t*0.43))'"
            chains.append(
                f"[{shot * len(LOOKS) + number}:v]format=yuv420p,{still},crop={WIDTH}:{HEIGHT}:{at}[s{shot}{number}]"
            )
        chains.append(f"[s{shot}0][s{shot}1]overlay=format=yuv420:enable='{_TALKS}'[t{shot}]")
        chains.append(f"[t{shot}][s{shot}2]overlay=format=yuv420:enable='{_BLINKS}'[shot{shot}]")
    chains.append(f"[shot0][shot1]overlay=format=yuv420:enable='gte(mod(t,{2 * SHOT_SECONDS}),{SHOT_SECONDS})'[set]")
    insert = f"{len(SHOTS) * len(LOOKS)}:v"
    chains.append(f"[set][{insert}]overlay=x=72:y='226+8*sin(t*1.4)':format=yuv420:shortest=1[shown]")
    font = str(clock_font(folder)).replace(":", r"\:")
    clock = (
        f"[shown]drawtext=fontfile='{font}':text='%{{localtime\\:%H\\\\\\:%M\\\\\\:%S}}':x=84:y=160:fontsize=28"
        ":fontcolor=white:box=1:boxcolor=black@0.45:boxborderw=12"
    )
    boxes = [f"drawbox=x=0:y=0:w={WIDTH}:h={STRIPE_HEIGHT}:color=black:t=fill"]
    begin = began_at % STRIPE_PERIOD
    boxes += [
        f"drawbox=x={STRIPE_WIDTH * bit}:y=0:w={STRIPE_WIDTH}:h={STRIPE_HEIGHT}:color=white:t=fill"
        f":enable='mod(floor((t+{begin:.3f})*10/{2**bit}),2)'"
        for bit in range(STRIPES)
    ]
    return ";".join([*chains, f"{clock},{','.join(boxes)}[picture]"])


# Speech without words: harmonics of a voice of some 190 Hz under two wandering formants, in syllables and phrases.
_HARMONICS = "+".join(
    f"sin({k}*ld(0))*(exp(-pow(({k * 190}-ld(1))/160,2))+0.5*exp(-pow(({k * 190}-ld(2))/260,2)))" for k in range(1, 13)
)
_VOICE = (
    "st(0,2*PI*190*t+9*sin(2*PI*0.37*t)+3*sin(2*PI*1.1*t));"
    "st(1,480+230*sin(2*PI*1.9*t+sin(t)));st(2,1500+600*sin(2*PI*1.3*t+2*sin(0.7*t)));"
    f"st(3,pow(abs(sin(PI*4.1*t+0.9*sin(1.7*t))),1.3)*{_SPEAKING});"
    f"0.16*ld(3)*({_HARMONICS})+0.002*(random(4)-0.5)"
)
