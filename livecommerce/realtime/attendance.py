"""Attendance: how many watch a room and how late they see it, as figures. Rule guarded here: no list of members."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db.models import Max, Sum

from livecommerce.realtime.models import Attendance, WatchedMinute

TELLER = uuid4().hex
# A process renews its figure every ten seconds; one that died is forgotten after this.
STALE = timedelta(seconds=25)
POLLING_STALE = timedelta(seconds=20)
POLLING_RENEW = timedelta(seconds=10)
_SLOW_SHARE = 0.95


@dataclass(slots=True)
class Minute:
    """What this process's viewers told in the minute that runs."""

    beats: int = 0
    stalls: int = 0
    viewers: int = 0
    behind_ms: list[int] = field(default_factory=list)


def tell_attendance(*, room: int, viewers: int, now: datetime) -> None:
    """Say how many viewers of a room this process serves."""
    Attendance.objects.bulk_create(
        [Attendance(room=room, teller=TELLER, viewers=viewers, at=now)],
        update_conflicts=True,
        unique_fields=["room", "teller"],
        update_fields=["viewers", "at"],
    )


def tell_polling(*, room: int, viewer: str, now: datetime) -> bool:
    """Say that a viewer without a socket is there; True if some seconds have passed since they last did.

    Such a viewer tells for itself, under a name nobody can be known by, and not through the process it asked: the next
    question may go to another one.
    """
    teller = hashlib.blake2s(
        f"{room}:{viewer}".encode(), key=settings.SECRET_KEY.encode()[:32], digest_size=16
    ).hexdigest()
    # What is not renewed counts until it is stale, so a polling viewer is dated back: they ask every three seconds.
    at = now - STALE + POLLING_STALE
    if Attendance.objects.filter(room=room, teller=teller, at__gt=at - POLLING_RENEW).exists():
        return False
    Attendance.objects.bulk_create(
        [Attendance(room=room, teller=teller, viewers=1, at=at)],
        update_conflicts=True,
        unique_fields=["room", "teller"],
        update_fields=["viewers", "at"],
    )
    return True


def attendance(*, room: int, now: datetime) -> tuple[int, datetime | None]:
    """Return how many watch a room in all processes, and when that was last told."""
    rows = Attendance.objects.filter(room=room, at__gt=now - STALE)
    sums = rows.aggregate(viewers=Sum("viewers"), at=Max("at"))
    return sums["viewers"] or 0, sums["at"]


def forget_absent(*, now: datetime) -> int:
    """Delete what processes that ended have left behind."""
    return Attendance.objects.filter(at__lt=now - timedelta(hours=1)).delete()[0]


def keep_minute(*, room: int, minute: datetime, told: Minute, beat_seconds: int) -> None:
    """Store the sums of a minute that is over."""
    behind = sorted(told.behind_ms)
    WatchedMinute.objects.bulk_create(
        [
            WatchedMinute(
                room=room,
                minute=minute,
                teller=TELLER,
                viewers=told.viewers,
                watched_seconds=told.beats * beat_seconds,
                stalls=told.stalls,
                behind_median_ms=_quantile(behind, 0.5),
                behind_slow_ms=_quantile(behind, _SLOW_SHARE),
            )
        ],
        ignore_conflicts=True,
    )


def slow_delay_ms(*, room: int, now: datetime) -> int | None:
    """Return how late the slowest viewers see the picture, of the last three minutes; None if nobody told."""
    recent = WatchedMinute.objects.filter(room=room, minute__gt=now - timedelta(minutes=3))
    slowest: int | None = recent.aggregate(slowest=Max("behind_slow_ms"))["slowest"]
    return slowest


def _quantile(ordered: Sequence[int], share: float) -> int | None:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None
