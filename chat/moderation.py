"""Moderation: who may not write for a while.

The rule guarded here: a mute has an end and a reason, and never hits the team.
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta

from django.db import transaction

from chat.models import Message, Mute
from livecommerce.accounts.models import User, Visitor
from livecommerce.errors import Refused
from streams.models import Show
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
    return Mute.objects.create(
        show=show,
        visitor=visitor,
        name=name,
        until=now + timedelta(seconds=seconds),
        reason=reason.strip()[:120],
        by=actor,
        at=now,
    )


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
    return mute


def active_mutes(*, show: Show, now: datetime) -> list[Mute]:
    """Who may not write now, the one that ends first at the top."""
    return list(Mute.objects.active(now).filter(show=show).order_by("until"))


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
