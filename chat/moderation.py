"""Moderation: who may not write for a while, and who is sent out.

The rule guarded here: a mute has an end and a reason, never hits the team, and is told to its viewer at once.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Value

from chat.models import Message, Mute
from livecommerce.accounts.models import User, Visitor
from livecommerce.accounts.visitors import of_person
from livecommerce.errors import Refused
from livecommerce.realtime import publish
from livecommerce.realtime.feed import milliseconds
from livecommerce.realtime.protocol import PrivateNews, ViewerMuted, ViewerUnmuted
from streams.bans import ban_visitor
from streams.models import Ban, Show
from streams.shows import role_of_user

SHORTEST = 10
LONGEST = 24 * 60 * 60
_PUBLIC_ID = re.compile(r"[0-9a-f]{12,32}")


class ViewerNotFound(Refused):
    code = "viewer.not_found"
    status = 404
    message = "Nobody with this id has written in this show."


class CannotMute(Refused):
    code = "mute.team"
    status = 403
    message = "The host and the team of a show cannot be muted."


class BadMute(Refused):
    code = "mute.length"
    status = 422
    message = f"A mute lasts from {SHORTEST} seconds to 24 hours."


class MuteNotFound(Refused):
    code = "mute.not_found"
    status = 404
    message = "This mute is not in this show."


@transaction.atomic
def mute_viewer(*, show: Show, viewer: str, seconds: int, reason: str, actor: User, now: datetime) -> Mute:
    """Stop a viewer from writing in this show for a while. `viewer` is the author id that messages carry.

    :raises ViewerNotFound: nobody with this id wrote here.
    :raises CannotMute: it is one of the team.
    :raises BadMute: too short or too long.
    """
    if not SHORTEST <= seconds <= LONGEST:
        raise BadMute
    visitor, name = _writer(show, viewer)
    if role_of_user(show, visitor.user_id) != "viewer":
        raise CannotMute
    Mute.objects.active(now).filter(show=show, visitor=visitor).update(lifted_at=now)
    mute = Mute.objects.create(
        show=show,
        visitor=visitor,
        name=name,
        until=now + timedelta(seconds=seconds),
        reason=reason.strip()[:120],
        by=actor,
        at=now,
    )
    _tell(visitor, ViewerMuted(show=show.pk, until=milliseconds(mute.until), reason=mute.reason))
    return mute


@transaction.atomic
def unmute_viewer(*, show: Show, mute_id: int, actor: User, now: datetime) -> Mute:
    """Let a viewer write again. Lifting twice is harmless.

    :raises MuteNotFound: it is not of this show.
    """
    mute = Mute.objects.select_for_update().filter(show=show, pk=mute_id).first()
    if mute is None:
        raise MuteNotFound
    if mute.lifted_at is None:
        mute.lifted_at = now
        mute.by = actor
        mute.save(update_fields=["lifted_at", "by"])
        _tell(mute.visitor, ViewerUnmuted(show=show.pk))
    return mute


@transaction.atomic
def ban_viewer(*, show: Show, viewer: str, seconds: int, reason: str, actor: User, now: datetime) -> Ban:
    """Send a viewer out of this show. `viewer` is the author id that messages carry.

    :raises ViewerNotFound: nobody with this id wrote here.
    :raises CannotBan, BadBan: see `streams.bans`.
    """
    visitor, name = _writer(show, viewer)
    lasts = timedelta(seconds=seconds)
    return ban_visitor(show=show, visitor=visitor, name=name, lasts=lasts, reason=reason, actor=actor, now=now)


def standing_of(
    visitor_ids: Collection[uuid.UUID], *, now: datetime
) -> tuple[dict[tuple[uuid.UUID, int], Mute], dict[tuple[uuid.UUID, int], Ban]]:
    """Give mutes and bans of many visitors by visitor and show, in one query: each connect asks, each batch of chat."""
    theirs = of_person(visitor_ids)
    columns = ("visitor_id", "visitor__merged_into_id", "show_id", "until", "reason")
    muted = Mute.objects.active(now).filter(theirs).values_list(*columns, Value("mute"))
    banned = Ban.objects.active(now).filter(theirs).values_list(*columns, Value("ban"))
    rows = sorted(muted.union(banned, all=True), key=lambda row: row[3])
    # A guest who signed in is known under both names; only someone with a row here is worth this query.
    guests = Visitor.objects.filter(pk__in=visitor_ids, merged_into__isnull=False) if rows else []
    account_of = {guest.pk: guest.merged_into_id for guest in guests}
    mutes: dict[tuple[uuid.UUID, int], Mute] = {}
    bans: dict[tuple[uuid.UUID, int], Ban] = {}
    for visitor, merged_into, show, until, reason, kind in rows:
        for one in {visitor, merged_into, *(guest for guest, account in account_of.items() if account == visitor)}:
            if kind == "mute":
                mutes[one, show] = Mute(show_id=show, visitor_id=visitor, until=until, reason=reason)
            else:
                bans[one, show] = Ban(show_id=show, visitor_id=visitor, until=until, reason=reason)
    return mutes, bans


def mutes_in(show_id: int, visitor_ids: Collection[uuid.UUID], *, now: datetime) -> dict[uuid.UUID, Mute]:
    """Give the mutes of these visitors in one show. Mostly nobody is muted there, and then one plain question does."""
    if not Mute.objects.active(now).filter(show=show_id).exists():
        return {}
    muted, _ = standing_of(visitor_ids, now=now)
    return {one: mute for (one, where), mute in muted.items() if where == show_id}


def active_mutes(*, show: Show, now: datetime) -> list[Mute]:
    """Who may not write now, the one that ends first at the top."""
    return list(Mute.objects.active(now).filter(show=show).order_by("until"))


def _tell(visitor: Visitor, news: PrivateNews) -> None:
    """Tell the viewer, under the account too that the guest has become."""
    publish.to_viewer(visitor.pk, news)
    if visitor.merged_into_id is not None:
        publish.to_viewer(visitor.merged_into_id, news)


def _writer(show: Show, public_id: str) -> tuple[Visitor, str]:
    """Who wrote in this show under the short id that the wire shows, and under which name."""
    if not _PUBLIC_ID.fullmatch(public_id):
        raise ViewerNotFound
    lowest, highest = (uuid.UUID(hex=public_id.ljust(32, end)) for end in "0f")
    said = (
        Message.objects.of_show(show.pk).filter(author_id__gte=lowest, author_id__lte=highest).select_related("author")
    )
    last = said.order_by("-seq").first()
    if last is None:
        raise ViewerNotFound
    return last.author, last.author_name
