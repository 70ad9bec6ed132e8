"""Segments as rows and files.

The rule guarded here: numbers go on over runs, names cannot be guessed from one another, and what was filmed before the
show went live never gets into the public folder.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from streams.models import Ingest, PackRun, Segment, Show
from streams.video.cutter import Cut
from streams.video.ffmpeg import INIT, Mode

RENDITION = "v0"


def work_folder(token: str) -> Path:
    """Where ffmpeg writes; never served."""
    return Path(settings.LIVE_ROOT) / "work" / token


def public_folder(token: str) -> Path:
    """What anyone may fetch who knows the name; a web server in front can serve this folder as it is."""
    return Path(settings.LIVE_ROOT) / "public" / token


def rehearsal_folder(token: str) -> Path:
    """What only the show's team may fetch."""
    return Path(settings.LIVE_ROOT) / "rehearsal" / token


def new_token() -> str:
    return secrets.token_hex(16)


@transaction.atomic
def open_run(*, show_id: int, token: str, mode: Mode, now: datetime) -> PackRun:
    """Begin a run: one encoder's connection, cut by one ffmpeg."""
    return PackRun.objects.create(show_id=show_id, token=token, mode=mode, started_at=now)


@transaction.atomic
def add_segments(*, run: PackRun, cuts: Sequence[Cut], now: datetime) -> list[Segment]:
    """Give the cuts their numbers and names; from the first one that began after "go live" on, they are public."""
    show = Show.objects.get(pk=run.show_id)
    rows = Segment.objects.filter(show=show, rendition=RENDITION)
    last = rows.aggregate(last=Max("seq"))["last"]
    run_is_new = not rows.filter(run=run).exists()
    init_name = _init_name(run)
    segments = []
    for number, cut in enumerate(cuts, start=0 if last is None else last + 1):
        segments.append(
            Segment(
                show=show,
                run=run,
                rendition=RENDITION,
                seq=number,
                programme_at=cut.programme_at,
                duration_ms=cut.duration_ms,
                size=cut.file.stat().st_size,
                name=f"{number}-{secrets.token_hex(6)}.m4s",
                init_name=init_name,
                discontinuity=run_is_new and number > 0,
                rehearsal=not _is_public(show, cut.programme_at),
            )
        )
        run_is_new = False
    for segment, cut in zip(segments, cuts, strict=True):
        _publish_file(run.token, segment, cut.file)
    Segment.objects.bulk_create(segments)
    Ingest.objects.filter(show=show).update(last_segment_at=now)
    return segments


@transaction.atomic
def close_run(*, run: PackRun, reason: str, now: datetime) -> None:
    """End a run; its work folder holds nothing that is needed any more."""
    PackRun.objects.filter(pk=run.pk, ended_at__isnull=True).update(ended_at=now, reason=reason[:120])
    shutil.rmtree(work_folder(run.token), ignore_errors=True)


def _is_public(show: Show, moment: datetime) -> bool:
    """Filmed between "go live" and the end: the last cut of a show comes out after it has ended."""
    began, over = show.live_started_at, show.ended_at
    return began is not None and moment >= began and (over is None or moment < over)


def _init_name(run: PackRun) -> str:
    known = Segment.objects.filter(run=run).values_list("init_name", flat=True).first()
    return known or f"init-{secrets.token_hex(6)}.mp4"


def _publish_file(token: str, segment: Segment, file: Path) -> None:
    """Move the file to its name, after its init file: a player must never learn of a segment it cannot decode."""
    folder = rehearsal_folder(token) if segment.rehearsal else public_folder(token)
    folder.mkdir(parents=True, exist_ok=True)
    init = folder / segment.init_name
    if not init.exists():
        shutil.copyfile(work_folder(token) / INIT, init.with_suffix(".tmp"))
        init.with_suffix(".tmp").replace(init)
    with contextlib.suppress(FileNotFoundError):
        os.replace(file, folder / segment.name)
