"""Listing: the shows that somebody works in, sorted by what they have to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from livecommerce.accounts.models import User
from streams.models import Show
from streams.shows import shows_for_team

PAST_SHOWN = 20


@dataclass(frozen=True)
class Group:
    """Shows of one kind under one heading."""

    title: str
    shows: Sequence[Show]
    empty: str


def shows_of(user: User, *, now: datetime) -> Sequence[Group]:
    """The shows on air, the coming ones (the next first) and the last ones that are over."""
    shows = list(shows_for_team(user))
    on_air = [show for show in shows if show.is_on_air]
    coming = sorted((show for show in shows if show.is_upcoming or show.state == Show.State.DRAFT), key=_start)
    past = [show for show in shows if show.is_past][:PAST_SHOWN]
    return [
        Group("On air", on_air, ""),
        Group("Coming", coming, "Nothing is planned. The brand schedules the next show in the admin."),
        Group("Over", past, "Shows that have ended appear here with what they sold."),
    ]


def _start(show: Show) -> datetime:
    return show.starts_at
