"""Recordings: film that was made elsewhere, as segments of a show.

The rule guarded here: a show that has film of its own keeps it; a recording only fills an empty one.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from livecommerce.errors import Refused
from streams.models import PackRun, Segment, Show
from streams.video.ffmpeg import INIT, PLAYLIST
from streams.video.segments import RENDITION, new_token, public_folder


class HasFilm(Refused):
    code = "recording.has_film"
    message = "This show has a picture of its own already."


@dataclass(frozen=True)
class Clip:
    """A folder that ffmpeg's HLS writer filled; it stands for the time until `until`, repeated as often as it takes."""

    folder: Path
    until: datetime


@dataclass(frozen=True)
class _Part:
    name: str
    duration_ms: int
    size: int


@transaction.atomic
def add_recording(*, show: Show, clips: Sequence[Clip], begins_at: datetime) -> int:
    """Give a show these clips, one after the other; return how many segments it has now. The files are moved.

    :raises HasFilm: it was filmed already.
    """
    if Segment.objects.filter(show=show).exists():
        raise HasFilm
    rows: list[Segment] = []
    moment = begins_at
    for clip in clips:
        run = PackRun.objects.create(
            show=show, token=new_token(), mode="copy", started_at=moment, ended_at=clip.until, reason="recording"
        )
        init_name, parts = _take_files(clip.folder, public_folder(run.token))
        while moment < clip.until:
            for number, part in enumerate(parts):
                if moment >= clip.until:
                    break
                rows.append(
                    Segment(
                        show=show,
                        run=run,
                        rendition=RENDITION,
                        seq=len(rows),
                        programme_at=moment,
                        duration_ms=part.duration_ms,
                        size=part.size,
                        name=part.name,
                        init_name=init_name,
                        # Each repetition begins the media's own time anew.
                        discontinuity=number == 0 and bool(rows),
                    )
                )
                moment += timedelta(milliseconds=part.duration_ms)
    Segment.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def _take_files(source: Path, target: Path) -> tuple[str, list[_Part]]:
    target.mkdir(parents=True)
    init_name = f"init-{secrets.token_hex(6)}.mp4"
    shutil.copyfile(source / INIT, target / init_name)
    parts: list[_Part] = []
    duration_ms = 0
    for line in (source / PLAYLIST).read_text().splitlines():
        if line.startswith("#EXTINF:"):
            duration_ms = round(float(line[8:].rstrip(",")) * 1000)
        elif line.endswith(".m4s"):
            name = f"{len(parts)}-{secrets.token_hex(6)}.m4s"
            os.replace(source / Path(line).name, target / name)
            parts.append(_Part(name, duration_ms, (target / name).stat().st_size))
    return init_name, parts
