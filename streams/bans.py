"""Bans: the team sends a viewer out of a show.

The rule guarded here: a ban has an end and words, never hits the team, and takes nothing of what was bought: holds stay
payable and orders stay orders. Open sockets end at once; every door asks again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from livecommerce.accounts.models import User, Visitor
from livecommerce.accounts.viewer import Viewer
from livecommerce.accounts.visitors import of_person
from livecommerce.errors import Refused
from livecommerce.realtime.batch import in_thread
from livecommerce.realtime.dismissal import Dismissal, dismiss
from livecommerce.realtime.hub import Hub
from livecommerce.realtime.protocol import CLOSE_BANNED
from streams.models import Ban, Show
from streams.shows import role_of_user

logger = logging.getLogger(__name__)

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=366)
ASK_SECONDS = 3.0
_HOUR, _DAY = 3600, 86_400


class Banned(Refused):
    """The team has sent this viewer out of the show."""

    code = "show.banned"
    status = 403
    message = "The team of this show has asked you to leave."

    @classmethod
    def by(cls, ban: Ban, *, now: datetime) -> Banned:
        """Say it with the reason and how long it lasts."""
        wait = max(1.0, (ban.until - now).total_seconds())
        why = f": {ban.reason}" if ban.reason else ""
        return cls(
            f"The team of this show has asked you to leave{why}. You can come back in {_span(wait)}. "
            "What you hold or have bought stays yours.",
            retry_in=wait,
        )


class CannotBan(Refused):
    code = "ban.team"
    status = 403
    message = "The host and the team of a show cannot be banned."


class BadBan(Refused):
    code = "ban.length"
    status = 422
    message = "A ban lasts from a minute to a year."


class BanNotFound(Refused):
    code = "ban.not_found"
    status = 404
    message = "This ban is not in this show."


@transaction.atomic
def ban_visitor(
    *, show: Show, visitor: Visitor, name: str, lasts: timedelta, reason: str, actor: User, now: datetime
) -> Ban:
    """Send a viewer out of a show and keep them out for a while; the latest ban counts.

    :raises CannotBan: it is one of the team.
    :raises BadBan: too short or too long.
    """
    if not SHORTEST <= lasts <= LONGEST:
        raise BadBan
    person = visitor.merged_into or visitor
    if role_of_user(show, person.user_id) != "viewer":
        raise CannotBan
    Ban.objects.active(now).filter(show=show, visitor=person).update(lifted_at=now)
    ban = Ban.objects.create(
        show=show,
        visitor=person,
        name=name[:80],
        until=now + lasts,
        reason=reason.strip()[:120],
        by=actor,
        at=now,
    )
    words = Banned.by(ban, now=now).message
    for one in Visitor.objects.filter(Q(pk=person.pk) | Q(merged_into=person)).values_list("pk", flat=True):
        dismiss(Dismissal(code=CLOSE_BANNED, message=words, room=show.pk, visitor=one))
    return ban


@transaction.atomic
def lift_ban(*, show: Show, ban_id: int, actor: User, now: datetime) -> Ban:
    """Let a viewer come back. Lifting twice is harmless.

    :raises BanNotFound: it is not of this show.
    """
    ban = Ban.objects.select_for_update().filter(show=show, pk=ban_id).first()
    if ban is None:
        raise BanNotFound
    if ban.lifted_at is None:
        ban.lifted_at, ban.by = now, actor
        ban.save(update_fields=["lifted_at", "by"])
    return ban


def active_bans(*, show: Show, now: datetime) -> list[Ban]:
    """Who may not come in now, the one that ends first at the top."""
    return list(Ban.objects.active(now).filter(show=show).order_by("until"))


def admit(show: Show, viewer: Viewer, *, now: datetime) -> None:
    """Let a viewer take part over HTTP.

    :raises Banned: the team has sent them out.
    """
    admit_to(show.pk, viewer.visitor_id, now=now)


def admit_to(show_id: int | None, visitor_id: UUID | None, *, now: datetime) -> None:
    """Let a visitor take part in a show, if they are in one.

    :raises Banned: the team has sent them out.
    """
    if show_id is None or visitor_id is None:
        return
    ban = Ban.objects.active(now).filter(of_person([visitor_id]), show=show_id).order_by("until").last()
    if ban is not None:
        raise Banned.by(ban, now=now)


async def watch_forever(hub: Hub) -> None:
    """End the sockets of the banned whom the word itself did not reach."""
    while True:
        await asyncio.sleep(ASK_SECONDS)
        try:
            await send_out_banned(hub)
        except Exception:
            logger.exception("bans were not asked; next try in a few seconds")


async def send_out_banned(hub: Hub) -> None:
    """Ask once who of those who sit here is banned."""
    rooms = hub.watched()
    now = timezone.now()
    names = await in_thread(_banned_from, [room.id for room in rooms], now) if rooms else {}
    for room in rooms if names else ():
        for seat in [seat for seat in room.seats if (seat.visitor_id, room.id) in names]:
            hub.dismiss(room, seat, CLOSE_BANNED, names[seat.visitor_id, room.id])


def _banned_from(show_ids: Collection[int], now: datetime) -> dict[tuple[UUID | None, int], str]:
    """Give the words for everyone who is banned from these shows, under each of their names."""
    words: dict[tuple[UUID | None, int], str] = {}
    bans = list(Ban.objects.active(now).filter(show_id__in=show_ids).select_related("visitor"))
    guests = Visitor.objects.filter(merged_into_id__in={ban.visitor_id for ban in bans}) if bans else []
    for ban in bans:
        same = [guest.pk for guest in guests if guest.merged_into_id == ban.visitor_id]
        for one in (ban.visitor_id, ban.visitor.merged_into_id, *same):
            words[one, ban.show_id] = Banned.by(ban, now=now).message
    return {(one, show): text for (one, show), text in words.items() if one is not None}


def _span(seconds: float) -> str:
    """Write a wait as people say it."""
    for size, name in ((_DAY, "day"), (_HOUR, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {name}{'s' if count != 1 else ''}"
    return "a minute"
