"""Safe mode: when the picture drops, or somebody presses the panic button, every clock of the show stands still.

The rule guarded here: state, drops, holds and offers move together, in one transaction, so nobody ever sees a running
clock in a standing show. Lock order: the show, then drops, holds and the feed, as each app's verbs take them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from checkout import holds
from livecommerce.errors import Refused
from livecommerce.transactions import atomic_retry
from streams import drops, lineup, shows
from streams.models import Show
from streams.video.supervisor import PictureCalls

if TYPE_CHECKING:
    from livecommerce.accounts.models import User

PICTURE, HOST = "picture", "host"


class NothingToPause(Refused):
    code = "sales.not_running"
    message = "Sales can be paused while the show is live."


@atomic_retry
def picture_lost(*, show_id: int, now: datetime) -> None:
    """Stop every clock until the picture is back."""
    show = _locked(show_id)
    if show.state != Show.State.LIVE:
        return
    show = shows.interrupt_show(show=show, now=now, reason=PICTURE)
    _stop(show, reason=PICTURE, now=now)


@atomic_retry
def picture_back(*, show_id: int, now: datetime) -> None:
    """Let every clock go on where it stood, unless the host has paused the sales themselves."""
    show = _locked(show_id)
    if show.state != Show.State.INTERRUPTED:
        return
    show = shows.resume_show(show=show, now=now)
    _go_on(show, reason=PICTURE, now=now)


@atomic_retry
def picture_over(*, show_id: int, now: datetime) -> None:
    """The picture did not come back in time: the show ends by itself."""
    show = _locked(show_id)
    if show.state == Show.State.INTERRUPTED:
        end_show(show=show, actor=None, now=now, reason=PICTURE)


@atomic_retry
def pause_sales(*, show: Show, actor: User | None, now: datetime) -> Show:
    """The panic button: nothing more is sold until somebody of the team lets it go on.

    :raises NothingToPause: the show is not on air.
    """
    show = _locked(show.pk)
    if not show.is_on_air:
        raise NothingToPause
    return _stop(show, reason=HOST, now=now)


@atomic_retry
def resume_sales(*, show: Show, actor: User | None, now: datetime) -> Show:
    """Sell again. While the picture is away, the host's pause turns into the picture's own."""
    show = _locked(show.pk)
    if show.state == Show.State.INTERRUPTED and show.sales_paused:
        return shows.start_selling(show=show, reason=HOST, now=now, keep_as=PICTURE)
    return _go_on(show, reason=HOST, now=now)


@atomic_retry
def end_show(*, show: Show, actor: User | None, now: datetime, reason: str = HOST) -> Show:
    """End a show: its drops close, pins come down, and what is held stays payable for ten more minutes."""
    show = _locked(show.pk)
    if not show.is_on_air:
        return shows.end_show(show=show, actor=actor, now=now, reason=reason)
    if show.sales_paused:
        _go_on(show, reason=HOST, now=now)
    holds.keep_holds_payable(show=show, until=now + shows.PAYABLE_AFTER_END, now=now)
    drops.close_drops_of(show=show, now=now, actor=actor)
    lineup.unpin_all(show=show, now=now)
    return shows.end_show(show=show, actor=actor, now=now, reason=reason)


def _stop(show: Show, *, reason: str, now: datetime) -> Show:
    standing = show.sales_paused
    show = shows.stop_selling(show=show, reason=reason, now=now)
    if not standing:
        drops.pause_drops(show=show, now=now)
        holds.pause_holds(show=show, now=now)
    return show


def _go_on(show: Show, *, reason: str, now: datetime) -> Show:
    standing = show.sales_paused
    show = shows.start_selling(show=show, reason=reason, now=now)
    if standing and not show.sales_paused:
        drops.resume_drops(show=show, now=now)
        holds.resume_holds(show=show, now=now)
    return show


def _locked(show_id: int) -> Show:
    return Show.objects.select_for_update(no_key=True, of=("self",)).with_people().get(pk=show_id)


def picture_calls() -> PictureCalls:
    """What the supervisor calls when a show's picture changes."""
    return PictureCalls(
        lost=lambda show_id, now: picture_lost(show_id=show_id, now=now),
        back=lambda show_id, now: picture_back(show_id=show_id, now=now),
        over=lambda show_id, now: picture_over(show_id=show_id, now=now),
    )
