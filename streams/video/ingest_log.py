"""What is known of each encoder, as rows: who packs it, how it is, when its last segment came.

The rule guarded here: one packager per show, by a lease that the newest connection takes over.
"""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F

from streams.models import Ingest, PackRun, Segment, Show

if TYPE_CHECKING:
    from streams.video.packager import Packager

LEASE = timedelta(seconds=10)
_LAST_WORDS = 20


class LeaseLost(Exception):
    """Another packager has the show now."""


@transaction.atomic
def adopt(*, holder: str, now: datetime) -> None:
    """Tidy after a supervisor that ended without a word: its runs are over, its ffmpeg ended with its pipe."""
    rows = Ingest.objects.exclude(state=Ingest.State.CLOSED)
    shows = [row.show_id for row in rows if row.lease_until is None or row.lease_until < now or _is_dead(row, holder)]
    runs = PackRun.objects.filter(show__in=shows, ended_at__isnull=True)
    for token in runs.values_list("token", flat=True):
        shutil.rmtree(Path(settings.LIVE_ROOT) / "work" / token, ignore_errors=True)
    runs.update(ended_at=now, reason="packager restarted")
    Ingest.objects.filter(show__in=shows).update(state=Ingest.State.CLOSED, holder="", lease_until=None)


@transaction.atomic
def announce_port(*, port: int) -> None:
    """Let the Studio of every show that may have a picture know where the gate is."""
    without = Show.objects.awaiting_picture().filter(ingest__isnull=True)
    Ingest.objects.bulk_create(
        [Ingest(show=show, port=port, state=Ingest.State.LISTENING) for show in without], ignore_conflicts=True
    )
    stale = Ingest.objects.filter(show__in=Show.objects.awaiting_picture()).exclude(port=port)
    stale.update(port=port)
    Ingest.objects.filter(show__in=Show.objects.awaiting_picture(), state=Ingest.State.CLOSED).update(
        state=Ingest.State.LISTENING
    )


@transaction.atomic
def connected(*, show_id: int, holder: str, now: datetime) -> None:
    """An encoder came in with the right key."""
    ingest, created = Ingest.objects.get_or_create(show_id=show_id)
    Ingest.objects.filter(pk=ingest.pk).update(
        state=Ingest.State.RECEIVING,
        holder=holder,
        lease_until=now + LEASE,
        connected_at=now,
        reconnects=F("reconnects") + (0 if created or ingest.connected_at is None else 1),
        updated_at=now,
    )


@transaction.atomic
def disconnected(*, show_id: int, now: datetime) -> None:
    Ingest.objects.filter(show_id=show_id).update(
        state=Ingest.State.LISTENING, lease_until=None, bitrate_kbps=0, fps=0, updated_at=now
    )


@transaction.atomic
def leave(*, holder: str, now: datetime) -> None:
    """This supervisor ends."""
    Ingest.objects.filter(holder=holder).update(
        state=Ingest.State.CLOSED, holder="", lease_until=None, bitrate_kbps=0, fps=0, updated_at=now
    )


@transaction.atomic
def report(*, packager: Packager, holder: str, now: datetime) -> None:
    """Write how the signal is, and keep the lease.

    :raises LeaseLost: the encoder has connected to another packager since.
    """
    signal, run = packager.signal, packager.run
    kept = Ingest.objects.filter(show_id=packager.show_id, holder=holder).update(
        lease_until=now + LEASE,
        updated_at=now,
        mode=run.cutter.mode if run else "",
        speed=run.cutter.speed if run else 0,
        last_words="\n".join(list(run.cutter.words)[-_LAST_WORDS:]) if run else "",
        bitrate_kbps=signal.bitrate_kbps(),
        fps=signal.fps(),
        keyframe_ms=round(signal.gop_seconds * 1000),
        width=signal.width,
        height=signal.height,
        has_audio=signal.has_audio,
    )
    if not kept:
        raise LeaseLost


def last_segment_at(show: Show) -> datetime | None:
    """When the last segment of a show came out; `show.ingest` should be loaded with it."""
    ingest = getattr(show, "ingest", None)
    return ingest.last_segment_at if ingest else None


def segments_since_interruption(show: Show) -> int:
    return Segment.objects.filter(show=show, programme_at__gt=show.interrupted_at).count() if show.interrupted_at else 0


def run_of(token: str) -> PackRun | None:
    return PackRun.objects.filter(token=token).first()


def _is_dead(ingest: Ingest, holder: str) -> bool:
    """Whether the holder ran on this machine and is not there any more (or only its number is: ours)."""
    host, _, rest = ingest.holder.partition(":")
    own_host, _, own_rest = holder.partition(":")
    number = rest.partition(":")[0]
    if host != own_host or not number.isdecimal():
        return False
    if number == own_rest.partition(":")[0]:
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
