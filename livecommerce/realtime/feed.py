"""The feed: a room's append-only, numbered log of all that viewers could see happen.

Rule guarded here: numbers have no gaps and follow commit order, because they come from a row that is locked in the
event's own transaction. ``since`` gives all that was missed or nothing, never part of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from livecommerce.realtime.models import Feed, FeedEvent, new_epoch
from livecommerce.realtime.protocol import RESUME_EVENTS, RESUME_SECONDS, Event

_FORGET_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Numbered:
    """Events as stored: ``events`` are ``(seq, JSON object as bytes)`` in order."""

    epoch: str
    events: list[tuple[int, bytes]]


def append(show_id: int, events: Sequence[Event], *, now: datetime, programme_at: datetime | None = None) -> Numbered:
    """Number and store events at the end of the room's feed, inside the caller's transaction.

    Locks the feed's row until that transaction ends: take it last, after the rows that the verb decides on.
    """
    payloads = [event.payload() for event in events]
    with transaction.atomic():
        epoch, last = _advance(show_id, len(events))
        first = last - len(events) + 1
        FeedEvent.objects.bulk_create(
            FeedEvent(
                room=show_id,
                seq=seq,
                at=now,
                programme_at=programme_at,
                kind=event.type,
                policy=event.policy,
                payload=payload,
            )
            for seq, (event, payload) in enumerate(zip(events, payloads, strict=True), first)
        )
    wire = [
        (seq, orjson.dumps(_wire(seq, event.type, now, programme_at, payload)))
        for seq, (event, payload) in enumerate(zip(events, payloads, strict=True), first)
    ]
    return Numbered(epoch, wire)


def head(show_id: int) -> tuple[str, int]:
    """Return epoch and last number; a room in which nothing happened yet is opened here."""
    row = Feed.objects.filter(room=show_id).values_list("epoch", "seq").first()
    return row or open_room(show_id)


def open_room(show_id: int) -> tuple[str, int]:
    """Open the feed of a room in which nothing happened yet, at once for all who ask; return its head."""
    Feed.objects.bulk_create([Feed(room=show_id)], ignore_conflicts=True)
    return Feed.objects.values_list("epoch", "seq").get(room=show_id)


def heads(show_ids: Collection[int]) -> dict[int, tuple[str, int]]:
    """Return epoch and last number of many rooms with one query."""
    rows = Feed.objects.filter(room__in=show_ids).values_list("room", "epoch", "seq")
    return {room: (epoch, seq) for room, epoch, seq in rows}


def since(show_id: int, epoch: str, after: int) -> list[dict[str, Any]] | None:
    """Return every event after a number, or None: then only a snapshot helps.

    None means another epoch, a number from the future, more than 300 events or the first of them over two minutes old.
    """
    feed = Feed.objects.filter(room=show_id).first()
    if feed is None or feed.epoch != epoch or not feed.forgotten <= after <= feed.seq:
        return None
    if feed.seq - after > RESUME_EVENTS:
        return None
    rows = list(FeedEvent.objects.filter(room=show_id, seq__gt=after, seq__lte=feed.seq).order_by("seq"))
    if len(rows) != feed.seq - after or (rows and rows[0].at < timezone.now() - timedelta(seconds=RESUME_SECONDS)):
        return None
    return [_row_wire(row) for row in rows]


def tail(show_id: int, *, after: int = 0, limit: int = RESUME_EVENTS) -> list[tuple[int, bytes]]:
    """Return the newest events after a number, oldest first, ready for the wire."""
    rows = FeedEvent.objects.filter(room=show_id, seq__gt=after).order_by("-seq")[:limit]
    return [(row.seq, orjson.dumps(_row_wire(row))) for row in reversed(rows)]


def between(show_id: int, first: int, last: int) -> list[tuple[int, bytes]]:
    """Return the events of a closed range of numbers, ready for the wire."""
    rows = FeedEvent.objects.filter(room=show_id, seq__gte=first, seq__lte=last).order_by("seq")
    return [(row.seq, orjson.dumps(_row_wire(row))) for row in rows]


def recent(show_id: int, kinds: Iterable[str], limit: int) -> list[dict[str, Any]]:
    """Return the newest events of some kinds, oldest first."""
    rows = FeedEvent.objects.filter(room=show_id, kind__in=list(kinds)).order_by("-seq")[:limit]
    return [_row_wire(row) for row in reversed(rows)]


def newest(show_id: int, *wanted: tuple[Collection[str], int]) -> list[list[dict[str, Any]]]:
    """Return the newest events of several groups of kinds, each with its limit and oldest first, in one query."""
    table = FeedEvent._meta.db_table
    parts, params = [], list[Any]()
    for number, (kinds, limit) in enumerate(wanted):
        marks = ", ".join(["%s"] * len(kinds))
        # Each part walks the index of kinds backwards; SQLite takes a limit only inside a subquery.
        rows = f"SELECT * FROM {table} WHERE room = %s AND kind IN ({marks}) ORDER BY seq DESC LIMIT %s"
        parts.append(f"SELECT * FROM ({rows}) AS part_{number}")
        params += [show_id, *kinds, limit]
    found = sorted(FeedEvent.objects.raw(" UNION ALL ".join(parts), params), key=lambda row: row.seq)
    return [[_row_wire(row) for row in found if row.kind in kinds] for kinds, _ in wanted]


def redact(show_id: int, seq: int) -> None:
    """Take the text out of one event: the number stays, so that nobody sees a gap, the words are gone everywhere."""
    with transaction.atomic():
        row = FeedEvent.objects.select_for_update(of=("self",)).filter(room=show_id, seq=seq).first()
        if row is None:
            return
        payload = {**row.payload, "text": "", "deleted": True}
        FeedEvent.objects.filter(room=show_id, seq=seq).update(payload=payload)


def forget(show_id: int, *, before: int) -> int:
    """Delete the events below a number; return how many. The epoch stays: the numbers that are left mean the same."""
    with transaction.atomic():
        Feed.objects.filter(room=show_id, forgotten__lt=before - 1).update(forgotten=before - 1)
        return FeedEvent.objects.filter(room=show_id, seq__lt=before).delete()[0]


def forget_until(show_id: int, *, before: datetime) -> int:
    """Delete the events before a moment, a slice at a time, so that no transaction is long; return how many."""
    rows = FeedEvent.objects.filter(room=show_id)
    last = rows.filter(at__lt=before).aggregate(last=Max("seq"))["last"] or 0
    first = rows.order_by("seq").values_list("seq", flat=True).first() or last + 1
    ends = [*range(first + _FORGET_AT_ONCE, last + 1, _FORGET_AT_ONCE), last + 1]
    return sum(forget(show_id, before=end) for end in ends) if first <= last else 0


def renew_epoch(show_id: int) -> str:
    """Start a new epoch, because history was lost (a restored backup): every client then takes a snapshot."""
    epoch = new_epoch()
    Feed.objects.filter(room=show_id).update(epoch=epoch)
    return epoch


def _advance(show_id: int, count: int) -> tuple[str, int]:
    row = _take_numbers(show_id, count)
    if row is None:
        Feed.objects.get_or_create(room=show_id)
        row = _take_numbers(show_id, count)
    if row is None:
        raise Feed.DoesNotExist(show_id)
    return row


def _take_numbers(show_id: int, count: int) -> tuple[str, int] | None:
    # One statement locks, counts and reads; PostgreSQL and SQLite spell it alike.
    table = Feed._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET seq = seq + %s WHERE room = %s RETURNING epoch, seq",
            [count, show_id],
        )
        row: tuple[str, int] | None = cursor.fetchone()
        return row


def _row_wire(row: FeedEvent) -> dict[str, Any]:
    return _wire(row.seq, row.kind, row.at, row.programme_at, row.payload)


def _wire(seq: int, kind: str, at: datetime, programme_at: datetime | None, payload: dict[str, Any]) -> dict[str, Any]:
    # What is tied to no moment of the picture has its place where the picture was when it happened.
    place = milliseconds(programme_at or at)
    return {**payload, "seq": seq, "type": kind, "at": milliseconds(at), "programme_at": place}


def milliseconds(moment: datetime) -> int:
    """Return a moment as the wire writes it."""
    return round(moment.timestamp() * 1000)
