"""The supervisor: one place that follows the picture of all shows and moves their state after it.

It opens the gate, keeps a packager per publisher, writes what it knows of each encoder every two seconds, and tells
the roof when a picture is lost, back, or lost for good. The rule guarded here: the state follows segments that came
out, not connections, and decisions are read from the database, so that a restarted supervisor goes on where one ended.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone

from streams.models import Segment, Show
from streams.shows import close_rehearsal, open_rehearsal, publish_replay
from streams.video import ingest_log, segments
from streams.video.cutter import Cut
from streams.video.gate import Gate
from streams.video.ingest import show_for_key
from streams.video.packager import Packager, Run

LOST_AFTER = timedelta(seconds=6)
SEGMENTS_TO_RETURN = 2
# Time for the last cut, and for a word of thanks on the screens.
REPLAY_AFTER, DAY = timedelta(minutes=1), timedelta(days=1)
COLLECT_SECONDS = 0.2
WATCH_SECONDS = 0.5
REPORT_SECONDS = 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PictureCalls:
    """What the roof does when the picture of a show changes; each is one transaction and may be called twice."""

    lost: Callable[[int, datetime], None]
    back: Callable[[int, datetime], None]
    over: Callable[[int, datetime], None]


class Supervisor:
    """Follows the pictures until `stop` is set. All its database work happens in one thread, in order."""

    def __init__(self, calls: PictureCalls, *, clock: Callable[[], datetime] = timezone.now) -> None:
        self._calls, self._clock = calls, clock
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{segments.new_token()[:6]}"
        self._database = ThreadPoolExecutor(1, "picture-database")
        self._packagers: dict[int, Packager] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._began_at = clock()
        self.port = 0

    async def run(self, stop: asyncio.Event) -> None:
        gate = Gate(self._admit)
        self.port = await gate.open(host=settings.INGEST_HOST, port=settings.INGEST_PORT)
        await self._ask(ingest_log.adopt, holder=self._holder, now=self._clock())
        log.info("ingest_open", port=self.port)
        watch, report = asyncio.create_task(self._watch()), asyncio.create_task(self._report())
        await stop.wait()
        for task in (watch, report):
            task.cancel()
        await gate.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._ask(ingest_log.leave, holder=self._holder, now=self._clock())
        await asyncio.get_running_loop().run_in_executor(self._database, connections.close_all)
        self._database.shutdown()

    async def _ask[**P, T](self, verb: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def call() -> T:
            close_old_connections()
            return verb(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._database, call)

    async def _admit(self, key: str) -> Packager | None:
        show = await self._ask(show_for_key, key)
        if show is None:
            return None
        # The newest publisher wins: the older one is most likely the ghost of a broken connection.
        older = self._packagers.pop(show.pk, None)
        if older:
            await older.left()
        packager = Packager(show_id=show.pk, landscape=show.landscape, clock=self._clock)
        self._packagers[show.pk] = packager
        await self._ask(ingest_log.connected, show_id=show.pk, holder=self._holder, now=self._clock())
        task = asyncio.create_task(self._pack(packager))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return packager

    async def _pack(self, packager: Packager) -> None:
        """Store what a packager gives until its publisher is gone and everything is written."""
        try:
            while not packager.gone.is_set():
                await self._collect(packager)
                await asyncio.sleep(COLLECT_SECONDS)
            await self._collect(packager)
        finally:
            if packager.run:
                packager.ended.append(packager.run)
            await self._close_ended(packager, reason="encoder left")
            if self._packagers.get(packager.show_id) is packager:
                del self._packagers[packager.show_id]
                await self._ask(ingest_log.disconnected, show_id=packager.show_id, now=self._clock())

    async def _collect(self, packager: Packager) -> None:
        found = await packager.collect()
        try:
            if found and found[1]:
                await self._ask(store, packager.show_id, *found, now=self._clock())
            await self._close_ended(packager, reason="new settings")
        except DatabaseError:
            log.exception("segments_not_stored", show=packager.show_id)

    async def _close_ended(self, packager: Packager, *, reason: str) -> None:
        while packager.ended:
            run = packager.ended.pop()
            await run.cutter.finish()
            await self._ask(discard, run, reason=reason, now=self._clock())

    async def _watch(self) -> None:
        while True:
            try:
                awaiting = await self._ask(self._judge_shows)
                for show_id, packager in list(self._packagers.items()):
                    if show_id not in awaiting:
                        await packager.left()
            except DatabaseError:
                log.exception("shows_not_watched")
            await asyncio.sleep(WATCH_SECONDS)

    def _judge_shows(self) -> set[int]:
        """Move the shows whose picture came, went or stayed away too long; return those that still want one."""
        now, awaiting = self._clock(), set()
        for show in Show.objects.awaiting_picture().select_related("ingest"):
            awaiting.add(show.pk)
            last = ingest_log.last_segment_at(show)
            seen = max(moment for moment in (last, show.live_started_at, self._began_at) if moment)
            match show.state:
                case Show.State.SCHEDULED if last and now - last < LOST_AFTER and show.pk in self._packagers:
                    open_rehearsal(show=show, actor=None, now=now)
                case Show.State.REHEARSAL if now - seen > LOST_AFTER:
                    close_rehearsal(show=show, actor=None, now=now)
                case Show.State.LIVE if now - seen > LOST_AFTER:
                    self._calls.lost(show.pk, now)
                case Show.State.INTERRUPTED if ingest_log.segments_since_interruption(show) >= SEGMENTS_TO_RETURN:
                    self._calls.back(show.pk, now)
                case Show.State.INTERRUPTED if show.reconnect_until and now >= show.reconnect_until:
                    self._calls.over(show.pk, now)
        for show in Show.objects.filter(
            state=Show.State.ENDED, ended_at__lt=now - REPLAY_AFTER, ended_at__gt=now - DAY
        ):
            if Segment.objects.public().filter(show=show).exists():
                publish_replay(show=show, actor=None, now=now)
        return awaiting

    async def _report(self) -> None:
        while True:
            for packager in list(self._packagers.values()):
                try:
                    await self._ask(ingest_log.report, packager=packager, holder=self._holder, now=self._clock())
                except ingest_log.LeaseLost:
                    await packager.left()
                except DatabaseError:
                    log.exception("health_not_written", show=packager.show_id)
            try:
                await self._ask(ingest_log.announce_port, port=self.port)
            except DatabaseError:
                log.exception("port_not_announced")
            await asyncio.sleep(REPORT_SECONDS)


def store(show_id: int, run: Run, cuts: list[Cut], *, now: datetime) -> None:
    """Give a run its row with its first segments."""
    row = ingest_log.run_of(run.token) or segments.open_run(
        show_id=show_id, token=run.token, mode=run.cutter.mode, now=run.began_at
    )
    segments.add_segments(run=row, cuts=cuts, now=now)


def discard(run: Run, *, reason: str, now: datetime) -> None:
    row = ingest_log.run_of(run.token)
    if row:
        segments.close_run(run=row, reason=reason, now=now)


class SupervisorThread:
    """The supervisor beside a web server, in a thread with an event loop of its own."""

    def __init__(self, calls: PictureCalls) -> None:
        self._calls = calls
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="picture", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, within_seconds: float = 15.0) -> None:
        """End the runs in order and wait for it."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(within_seconds)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(Supervisor(self._calls).run(self._stop))
        finally:
            self._loop.close()
