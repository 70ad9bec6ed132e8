"""The packager of one show: takes what an encoder sends, keeps one cutter going, and knows how the stream is.

The rule guarded here: a run's frames all fit together. New codec settings (a phone turned), key frames that are too far
apart, a clock that ran away or an ffmpeg that stopped end the run and begin another one on the same URL.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from time import monotonic

import structlog

from streams.video import flv, rtmp
from streams.video.cutter import Cut, Cutter
from streams.video.ffmpeg import LONGEST_SEGMENT_SECONDS, Mode, can_copy
from streams.video.programme_clock import ProgrammeClock
from streams.video.rtmp import Message
from streams.video.segments import new_token, work_folder

# Two key frames tell the encoder's interval; without a second one in this time it is too long to copy.
DECIDE_WITHIN_SECONDS = 3.5
NO_SEGMENT_FOR_SECONDS = 6.0
RESTARTS = (1.0, 2.0, 4.0, 8.0)
STATISTICS_SECONDS = 4.0

log = structlog.get_logger(__name__)


@dataclass
class Signal:
    """How the encoder's signal is, over the last seconds."""

    width: int = 0
    height: int = 0
    has_audio: bool = False
    copyable: bool = True
    key_frames_ms: deque[int] = field(default_factory=lambda: deque(maxlen=4))
    _received: deque[tuple[float, int, bool]] = field(default_factory=deque)

    def note(self, message: Message) -> None:
        """Count a message."""
        if message.kind == rtmp.FACTS:
            facts = next((value for value in rtmp.read_amf(message.body) if isinstance(value, dict)), {})
            self.width, self.height = _whole(facts.get("width")), _whole(facts.get("height"))
            return
        if message.kind == rtmp.AUDIO:
            self.has_audio = True
        self.copyable &= flv.is_h264(message) if message.kind == rtmp.VIDEO else flv.is_aac(message)
        if flv.is_key_frame(message):
            self.key_frames_ms.append(message.time_ms)
        now = monotonic()
        self._received.append((now, len(message.body), flv.is_frame(message)))
        while now - self._received[0][0] > STATISTICS_SECONDS:
            self._received.popleft()

    @property
    def gop_seconds(self) -> float:
        """The longest of the last distances between key frames."""
        keys = list(self.key_frames_ms)
        return max((b - a for a, b in pairwise(keys)), default=0) / 1000

    def bitrate_kbps(self) -> int:
        return round(sum(size for _, size, _ in self._received) * 8 / 1000 / self._span())

    def fps(self) -> float:
        return round(sum(frame for *_, frame in self._received) / self._span(), 1)

    def _span(self) -> float:
        return max(1.0, monotonic() - self._received[0][0]) if self._received else 1.0


@dataclass
class Run:
    """A cutter with the name and the clock of its segments."""

    token: str
    cutter: Cutter
    clock: ProgrammeClock
    began_at: datetime
    last_cut: float = field(default_factory=monotonic)


class Packager:
    """Receives one publisher's messages. The supervisor calls `collect` every 200 ms and stores what it gives."""

    def __init__(self, *, show_id: int, landscape: bool, clock: Callable[[], datetime]) -> None:
        self.show_id = show_id
        self.signal = Signal()
        self.run: Run | None = None
        self.gone = asyncio.Event()
        self.ended: list[Run] = []
        self._landscape, self._clock = landscape, clock
        self._headers: dict[int, Message] = {}
        self._facts: Message | None = None
        self._waiting: list[tuple[Message, datetime]] = []
        self._waiting_since = monotonic()
        self._only_transcode = False
        self._starting = self._leaving = False
        self._failures: deque[float] = deque(maxlen=len(RESTARTS))

    @property
    def is_over(self) -> bool:
        return self.gone.is_set()

    def receive(self, message: Message) -> None:
        """Take one message from the gate."""
        if not message.body or self._leaving:
            return
        if message.kind == rtmp.FACTS:
            self._facts = message
        self.signal.note(message)
        if flv.is_codec_header(message):
            known = self._headers.get(message.kind)
            self._headers[message.kind] = message
            if known is not None and known.body != message.body:
                self._give_up("the encoder changed its settings")
            return
        if message.kind == rtmp.FACTS:
            return
        if self.run is not None and not self._starting:
            self._feed(self.run, message, self._clock())
        else:
            self._wait(message)

    async def left(self) -> None:
        """The encoder is gone, or its show is over: let ffmpeg write its last part."""
        if self._leaving:
            return
        self._leaving = True
        try:
            if self.run:
                await self.run.cutter.finish()
        finally:
            self.gone.set()

    async def collect(self) -> tuple[Run, list[Cut]] | None:
        """Start what is ready, restart what is broken; give the run and its new segments."""
        if self.run is None:
            if self._ready() and not self._leaving:
                await self._start()
            return None
        run = self.run
        cuts = []
        for file, duration_ms in run.cutter.finished():
            moment = run.clock.place(duration_ms)
            if moment is not None:
                cuts.append(Cut(file, duration_ms, moment))
                run.last_cut = monotonic()
        self._judge(run)
        return run, cuts

    def _wait(self, message: Message) -> None:
        """Keep what a run will begin with: from a key frame on."""
        if flv.is_key_frame(message) and not self._waiting:
            self._waiting_since = monotonic()
        elif not self._waiting:
            return
        self._waiting.append((message, self._clock()))

    def _ready(self) -> bool:
        if not self._waiting or rtmp.VIDEO not in self._headers:
            # Codecs without a header of their own still come: let ffmpeg judge them.
            return bool(self._waiting) and monotonic() - self._waiting_since > DECIDE_WITHIN_SECONDS
        waited = monotonic() - self._waiting_since
        if self._failures and waited < RESTARTS[min(len(self._failures), len(RESTARTS)) - 1]:
            return False
        knows_gop = len(self.signal.key_frames_ms) > 1
        return knows_gop or waited > DECIDE_WITHIN_SECONDS

    async def _start(self) -> None:
        waiting, self._starting = self._waiting, True
        first_ms, began_at = waiting[0][0].time_ms, waiting[0][1]
        copy = self.signal.copyable and not self._only_transcode and can_copy(self.signal.gop_seconds)
        mode: Mode = "copy" if copy else "transcode"
        token = new_token()
        cutter = Cutter(
            folder=work_folder(token),
            mode=mode,
            has_audio=self.signal.has_audio,
            landscape=self._landscape,
            since_ms=first_ms,
        )
        await cutter.start()
        run = Run(token, cutter, ProgrammeClock(), began_at)
        for opening in (self._facts, *self._headers.values()):
            if opening is not None:
                cutter.feed(Message(opening.kind, first_ms, opening.stream, opening.body))
        # More may have come in while ffmpeg started; nothing is awaited from here on.
        for message, arrived_at in self._waiting:
            self._feed(run, message, arrived_at)
        self._waiting, self._starting, self.run = [], False, run
        log.info("run_started", show=self.show_id, mode=mode, pid=cutter.pid, gop=self.signal.gop_seconds)

    def _feed(self, run: Run, message: Message, arrived_at: datetime) -> None:
        if flv.is_key_frame(message):
            run.clock.key_frame(message.time_ms - run.cutter.since_ms, arrived_at)
        run.cutter.feed(message)

    def _judge(self, run: Run) -> None:
        """End a run that can no longer be trusted."""
        if self._leaving:
            return
        if run.cutter.mode == "copy" and self.signal.gop_seconds > LONGEST_SEGMENT_SECONDS:
            self._only_transcode = True
            self._give_up("key frames are more than two seconds apart")
        elif not run.cutter.is_running or run.cutter.is_stuck:
            self._fail("ffmpeg stopped: " + " ".join(list(run.cutter.words)[-2:]))
        elif monotonic() - run.last_cut > NO_SEGMENT_FOR_SECONDS + DECIDE_WITHIN_SECONDS:
            self._fail("no segment came out")
        elif run.clock.is_broken:
            self._give_up("the encoder's clock ran away")

    def _fail(self, reason: str) -> None:
        self._failures.append(monotonic())
        self._only_transcode = len(self._failures) > 1
        self._give_up(reason)

    def _give_up(self, reason: str) -> None:
        """Lay the run aside; the next one begins with the next key frame."""
        if self.run is None:
            return
        log.warning("run_given_up", show=self.show_id, reason=reason)
        self.ended.append(self.run)
        self.run = None
        self.signal.key_frames_ms.clear()


def _whole(value: object) -> int:
    return int(value) if isinstance(value, float) and 0 <= value < 20_000 else 0  # noqa: PLR2004
