"""Picture: what arrives from the encoder and how late viewers get it, in words first, numbers second.

The rule guarded here: advice says what to change, and only what would make it better now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Max, Sum

from livecommerce.realtime.models import WatchedMinute
from streams.models import Ingest, Show

GOOD_KBPS = 800
GOOD_FPS = 23.0
LONGEST_KEYFRAME_MS = 2500
FRESH = timedelta(seconds=10)
DELAY_WINDOW = timedelta(minutes=3)

type Badge = Literal["sold", "warning", "danger"]


@dataclass(frozen=True, kw_only=True)
class HealthRow:
    name: str
    figure: str
    note: str = ""
    bad: bool = False


@dataclass(frozen=True, kw_only=True)
class Health:
    """The stream in one word, its numbers, and what to do about the worst of them."""

    word: str
    badge: Badge
    rows: Sequence[HealthRow] = ()
    advice: str = ""
    arrives: bool = False


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A place on the line from the host to the slowest viewer, in percent."""

    seconds: float
    at: int
    most: bool = False


@dataclass(frozen=True, kw_only=True)
class Delay:
    """How late viewers hear the host, in seconds: most of them, and the slowest."""

    most: float
    slowest: float
    dots: Sequence[Dot] = field(default_factory=tuple)


def delay_of(show: Show, *, now: datetime) -> Delay | None:
    """What viewers told in the last minutes; None while nobody has."""
    told = WatchedMinute.objects.filter(room=show.pk, minute__gt=now - DELAY_WINDOW)
    sums = told.aggregate(most=Max("behind_median_ms"), slowest=Max("behind_slow_ms"))
    if sums["most"] is None:
        return None
    # What lies between the host's word and its arrival here comes on top of what players measure.
    before = show.ingest_delay_ms / 1000
    most, slowest = sums["most"] / 1000 + before, sums["slowest"] / 1000 + before
    reach = slowest / 0.93 or 1
    dots = (Dot(seconds=most, at=round(100 * most / reach), most=True), Dot(seconds=slowest, at=93))
    return Delay(most=most, slowest=slowest, dots=dots if slowest - most > reach / 12 else dots[:1])


def health_of(show: Show, *, now: datetime) -> Health:
    """Judge the encoder's picture as it arrives here."""
    ingest = Ingest.objects.filter(show=show).first()
    if ingest is None or not _arrives(ingest, now):
        return _without_picture(show, ingest)
    upright = ingest.height >= ingest.width
    rows = [
        _bitrate(ingest),
        HealthRow(name="Frames", figure=f"{ingest.fps:.1f} fps", bad=0 < ingest.fps < GOOD_FPS),
        _keyframes(ingest),
        HealthRow(name="Picture", figure=f"{ingest.width} × {ingest.height}", note="upright" if upright else "wide"),
        HealthRow(name="Sound", figure="yes" if ingest.has_audio else "silent", bad=not ingest.has_audio),
        _stalling(show, now),
        HealthRow(name="Breaks", figure=str(ingest.reconnects), note="reconnects"),
    ]
    advice = next((words for row in rows if row.bad and (words := _ADVICE.get(row.name))), "")
    weak = any(row.bad for row in rows)
    return Health(
        word="Weak" if weak else "Good", badge="warning" if weak else "sold", rows=rows, advice=advice, arrives=True
    )


_ADVICE = {
    "Bitrate": "Less arrives than a sharp picture needs. Close other uploads, or set the encoder to 2,500 kbit/s.",
    "Frames": "The encoder is too slow. Choose a faster preset or a smaller picture there.",
    "Keyframes": "Set the keyframe interval to 2 seconds in the encoder; viewers then get the picture sooner.",
    "Sound": "No sound arrives. Check the microphone and the encoder's mixer.",
    "Stalling": "Many viewers' pictures stop now and then. A lower bitrate helps those with slow networks.",
}


def _arrives(ingest: Ingest, now: datetime) -> bool:
    fresh = ingest.updated_at is not None and now - ingest.updated_at < FRESH
    return ingest.state == Ingest.State.RECEIVING and fresh


def _without_picture(show: Show, ingest: Ingest | None) -> Health:
    if show.state == Show.State.INTERRUPTED:
        advice = "Start the encoder again with the same key. Everything goes on where it stood."
        return Health(word="Picture lost", badge="danger", advice=advice)
    waiting = ingest is not None and ingest.state != Ingest.State.CLOSED
    words = "Waiting for the encoder" if waiting else "No picture"
    return Health(word=words, badge="warning", advice="Start the encoder with the server and key of this show.")


def _bitrate(ingest: Ingest) -> HealthRow:
    bad = 0 < ingest.bitrate_kbps < GOOD_KBPS
    return HealthRow(name="Bitrate", figure=f"{ingest.bitrate_kbps:,} kbit/s", note="low" if bad else "", bad=bad)


def _keyframes(ingest: Ingest) -> HealthRow:
    bad = ingest.keyframe_ms > LONGEST_KEYFRAME_MS
    figure = f"every {ingest.keyframe_ms / 1000:.1f} s" if ingest.keyframe_ms else "–"
    return HealthRow(name="Keyframes", figure=figure, note="too far apart" if bad else "as asked", bad=bad)


def _stalling(show: Show, now: datetime) -> HealthRow:
    told = WatchedMinute.objects.filter(room=show.pk, minute__gt=now - DELAY_WINDOW)
    sums = told.aggregate(stalls=Sum("stalls"), watched=Sum("watched_seconds"))
    stalls, minutes = sums["stalls"] or 0, (sums["watched"] or 0) / 60
    per_minute = stalls / minutes if minutes else 0.0
    return HealthRow(name="Stalling", figure=f"{stalls} stops", note="in 3 minutes", bad=per_minute > 1)
