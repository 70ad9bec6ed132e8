"""The cutter: one ffmpeg that turns one connection of an encoder into segments.

The rule guarded here: whatever ffmpeg does, we never wait for it without an end, and it never outlives us: its input is
our pipe, and it ends with its input.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from streams.video import ffmpeg, flv
from streams.video.ffmpeg import Mode
from streams.video.rtmp import Message

# What may wait for ffmpeg before we call it stuck: some 25 seconds of picture.
MOST_WAITING_BYTES = 8 * 1024 * 1024
PATIENCE_SECONDS = 5.0
LOG_LINES = 200


@dataclass(frozen=True, slots=True)
class Cut:
    """A segment that ffmpeg has finished."""

    file: Path
    duration_ms: int
    programme_at: datetime


class Cutter:
    """Feed messages in, collect files. All calls belong to one event loop."""

    def __init__(self, *, folder: Path, mode: Mode, has_audio: bool, landscape: bool, since_ms: int) -> None:
        self.folder, self.mode = folder, mode
        self.speed = 0.0
        self.words: deque[str] = deque(maxlen=LOG_LINES)
        self._command = ffmpeg.packing_command(mode=mode, has_audio=has_audio, landscape=landscape, folder=folder)
        self.since_ms = since_ms
        self._child: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._taken = -1

    async def start(self) -> None:
        self.folder.mkdir(parents=True)
        pipe = asyncio.subprocess.PIPE
        # Its own session: Ctrl-C in the terminal is for us, and we end it in order.
        self._child = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
        if self._child.stdout and self._child.stderr and self._child.stdin:
            self._readers = [
                asyncio.create_task(self._follow_progress(self._child.stdout)),
                asyncio.create_task(self._follow_words(self._child.stderr)),
            ]
            self._child.stdin.write(flv.HEADER)

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.returncode is None

    @property
    def is_stuck(self) -> bool:
        """ffmpeg has stopped reading."""
        pipe = self._child.stdin if self._child else None
        return pipe is not None and pipe.transport.get_write_buffer_size() > MOST_WAITING_BYTES

    def feed(self, message: Message) -> None:
        pipe = self._child.stdin if self._child else None
        if pipe is not None and self.is_running and not pipe.is_closing():
            pipe.write(flv.tag(message, since_ms=self.since_ms))

    def finished(self) -> list[tuple[Path, int]]:
        """The segments finished since the last call, as file and duration in ms."""
        try:
            lines = (self.folder / ffmpeg.PLAYLIST).read_text().splitlines()
        except FileNotFoundError:
            return []
        fresh, duration = [], 0
        for line in lines:
            if line.startswith("#EXTINF:"):
                duration = round(float(line[8:].rstrip(",")) * 1000)
            elif line.endswith(".m4s"):
                number = int(Path(line).stem)
                if number > self._taken:
                    self._taken = number
                    fresh.append((self.folder / Path(line).name, duration))
        return fresh

    async def finish(self) -> None:
        """Close its input so that the last part is written; insist after five seconds, twice."""
        if self._child is None:
            return
        if self._child.stdin and not self._child.stdin.is_closing():
            self._child.stdin.close()
        for insist in (self._child.terminate, self._child.kill, None):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._child.wait(), PATIENCE_SECONDS)
                break
            if insist:
                with contextlib.suppress(ProcessLookupError):
                    insist()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)

    async def _follow_progress(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            key, _, value = line.decode(errors="replace").strip().partition("=")
            if key == "speed":
                with contextlib.suppress(ValueError):
                    self.speed = float(value.rstrip("x"))

    async def _follow_words(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            self.words.append(line.decode(errors="replace").rstrip())
