"""Presence: how many watch a show, and how late they see it. Told as a rounded figure, at most once in two seconds.

Rule guarded here: only figures leave this module, never who is there.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
from django.utils import timezone

from livecommerce.accounts.viewer import Viewer
from livecommerce.realtime import attendance, roads
from livecommerce.realtime.batch import in_thread
from livecommerce.realtime.feed import milliseconds
from livecommerce.realtime.hub import Hub
from livecommerce.realtime.pressure import Relief
from livecommerce.realtime.protocol import BEAT_EVERY
from livecommerce.realtime.room import Room
from streams.models import Show

logger = logging.getLogger(__name__)

COUNT_SECONDS = 2.0
_RENEW = timedelta(seconds=10)
# What nobody believes: a delay beyond this is a paused player, not a slow network.
_LONGEST_DELAY_MS = 120_000
_DELAYS_KEPT = 5000
_DIGITS = 2

_minutes: dict[tuple[int, datetime], attendance.Minute] = {}


def hear_beat(show_id: int, *, behind_ms: int | None, stalls: int, hidden: bool) -> None:
    """Count one heartbeat of a viewer in its minute. Called on the loop, costs no query."""
    minute = timezone.now().replace(second=0, microsecond=0)
    told = _minutes.setdefault((show_id, minute), attendance.Minute())
    told.beats += 1
    told.stalls += min(max(stalls, 0), 60)
    if behind_ms is None or hidden or not 0 <= behind_ms <= _LONGEST_DELAY_MS:
        return
    if len(told.behind_ms) < _DELAYS_KEPT:
        told.behind_ms.append(behind_ms)


def hear_poll(show: Show, viewer: Viewer, *, behind_ms: int | None, stalls: int, hidden: bool, now: datetime) -> None:
    """Count a viewer who polls in place of a socket: present now, and as often as a socket beats in its minute."""
    if not attendance.tell_polling(room=show.pk, viewer=str(viewer.visitor_id or viewer.address), now=now):
        return
    here = roads.hub_here()
    if here is not None:
        beat = partial(hear_beat, show.pk, behind_ms=behind_ms, stalls=stalls, hidden=hidden)
        here.loop.call_soon_threadsafe(beat)


def viewers_delay_ms(show: Show, now: datetime) -> int | None:
    """Return how late the slowest viewers see the picture, in ms; None while nobody has told."""
    return attendance.slow_delay_ms(room=show.pk, now=now)


def state_of(show: Show) -> dict[str, tuple[int, dict[str, Any]]]:
    """Give the state key ``viewers`` of a show that was loaded `with_room()`."""
    at = show.present_at
    return {"viewers": (milliseconds(at) if at else 0, {"count": rounded(show.present or 0)})}


def rounded(count: int) -> int:
    """Round so that a figure on the screen changes seldom: exact below a hundred, two digits above."""
    step: int = 10 ** max(0, len(str(count)) - _DIGITS)
    return round(count / step) * step


async def count_forever(hub: Hub) -> None:
    """Tell this process's figure to the others and the sum to its own viewers; store minutes that are over."""
    told: dict[int, tuple[int, datetime]] = {}
    while True:
        await asyncio.sleep(COUNT_SECONDS)
        now = timezone.now()
        for room in hub.watched():
            try:
                await _count(hub, room, told, now)
            except Exception:
                logger.exception("show %s: its viewers were not counted", room.id)
        await _keep_minutes(now)


async def _count(hub: Hub, room: Room, told: dict[int, tuple[int, datetime]], now: datetime) -> None:
    here = viewers_of(room)
    last, at = told.get(room.id, (-1, now - _RENEW))
    if here != last or now - at >= _RENEW:
        await in_thread(attendance.tell_attendance, room=room.id, viewers=here, now=now)
        told[room.id] = (here, now)
    if hub.pressure.spares(Relief.PRESENCE):
        return
    count, _ = await in_thread(attendance.attendance, room=room.id, now=now)
    known = room.state.get("viewers")
    value = orjson.dumps({"count": rounded(count)})
    if known is None or known[1] != value:
        hub.tell(room, {"viewers": (max(milliseconds(now), known[0] + 1 if known else 0), value)})


def viewers_of(room: Room) -> int:
    """Count the people behind a room's sockets here: two tabs are one viewer, and the team is not the audience."""
    known = {seat.visitor_id for seat in room.seats if seat.visitor_id and not seat.studio}
    return len(known) + sum(1 for seat in room.seats if seat.visitor_id is None)


async def _keep_minutes(now: datetime) -> None:
    running = now.replace(second=0, microsecond=0)
    for (show_id, minute), told in list(_minutes.items()):
        if minute < running:
            del _minutes[show_id, minute]
            # One beat every ten seconds each: six of them are one viewer for the minute.
            told.viewers = round(told.beats * BEAT_EVERY / 60)
            try:
                await in_thread(attendance.keep_minute, room=show_id, minute=minute, told=told, beat_seconds=BEAT_EVERY)
            except Exception:
                logger.exception("show %s: a minute was not kept", show_id)
