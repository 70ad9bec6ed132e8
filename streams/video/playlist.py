"""Playlists: one list of segments, cut differently for live, rewind and replay. Source: RFC 8216, sections 4.3 and 6.2.

The rule guarded here: numbers, discontinuity numbers and the target duration of a show never go backwards or change,
and a list ends only when the show has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from streams.models import Segment, Show
from streams.video.ffmpeg import SEGMENT_SECONDS
from streams.video.segments import RENDITION

LIVE_WINDOW_SECONDS = 60
MEDIA_TYPE = "application/vnd.apple.mpegurl"

Kind = Literal["live", "dvr", "vod"]


@dataclass(frozen=True, slots=True)
class Line:
    """What a playlist says of one segment."""

    seq: int
    programme_at: datetime
    duration_ms: int
    run: str
    name: str
    init_name: str
    discontinuity: bool


def playlist_of(show: Show, kind: Kind) -> str | None:
    """The show's playlist of this kind; None while nothing of it is public."""
    rows = Segment.objects.public().filter(show=show, rendition=RENDITION)
    earlier = 0
    if kind == "live":
        # The window's worth of shortest thinkable segments, so that sixty seconds are always in it.
        newest = list(_lines(rows.order_by("-seq")[: LIVE_WINDOW_SECONDS + 1]))[::-1]
        lines = window(newest)
        if lines:
            earlier = rows.filter(discontinuity=True, seq__lt=lines[0].seq).count()
    else:
        lines = list(_lines(rows.in_order()))
    if not lines:
        return None
    return write_playlist(lines, kind=kind, earlier_discontinuities=earlier, ended=kind == "vod" or show.is_past)


def rehearsal_playlist(show: Show) -> str | None:
    """What the team sees before the show: the last minute, whatever it was filmed for."""
    rows = Segment.objects.filter(show=show, rendition=RENDITION)
    lines = window(list(_lines(rows.order_by("-seq")[: LIVE_WINDOW_SECONDS + 1]))[::-1])
    if not lines:
        return None
    earlier = rows.filter(discontinuity=True, seq__lt=lines[0].seq).count()
    return write_playlist(lines, kind="live", earlier_discontinuities=earlier, ended=show.is_past)


def window(lines: Sequence[Line], *, seconds: int = LIVE_WINDOW_SECONDS) -> list[Line]:
    """The shortest end of the list that lasts at least so long."""
    total = 0
    for start in range(len(lines) - 1, -1, -1):
        total += lines[start].duration_ms
        if total >= seconds * 1000:
            return list(lines[start:])
    return list(lines)


def write_playlist(lines: Sequence[Line], *, kind: Kind, earlier_discontinuities: int = 0, ended: bool) -> str:
    """The text of a media playlist. URIs are relative to the show's folder, so that it can stand anywhere."""
    text = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS", f"#EXT-X-TARGETDURATION:{SEGMENT_SECONDS}"]
    if kind != "live":
        text.append(f"#EXT-X-PLAYLIST-TYPE:{'VOD' if kind == 'vod' else 'EVENT'}")
    text.append(f"#EXT-X-MEDIA-SEQUENCE:{lines[0].seq}")
    if earlier_discontinuities:
        text.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{earlier_discontinuities}")
    for number, line in enumerate(lines):
        if line.discontinuity:
            text.append("#EXT-X-DISCONTINUITY")
        if number == 0 or line.discontinuity:
            text.append(f'#EXT-X-MAP:URI="{line.run}/{line.init_name}"')
        moment = line.programme_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        text += [
            f"#EXT-X-PROGRAM-DATE-TIME:{moment}Z",
            f"#EXTINF:{line.duration_ms / 1000:.3f},",
            f"{line.run}/{line.name}",
        ]
    if ended:
        text.append("#EXT-X-ENDLIST")
    return "\n".join(text) + "\n"


def _lines(rows: Iterable[Segment]) -> Iterable[Line]:
    fields = ("seq", "programme_at", "duration_ms", "run__token", "name", "init_name", "discontinuity")
    for values in rows.values_list(*fields):  # type: ignore[attr-defined]
        yield Line(*values)
