"""Shows: from a draft to a replay.

The rule guarded here: a show's state moves only along `MOVES`, each move is one guarded UPDATE with an audit row and
its event in the same transaction, and asking again for a move that has happened changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from django.db import transaction
from django.db.models import F

from livecommerce.errors import NotFound, Refused
from livecommerce.realtime import publish
from livecommerce.realtime.protocol import ShowEnded, ShowInterrupted, ShowResumed, ShowWentLive
from streams.models import Host, Show, ShowMember, ShowMove
from streams.models.show import ON_AIR, PUBLIC, ShowState

if TYPE_CHECKING:
    from catalog.models import Brand
    from livecommerce.accounts.models import User
    from livecommerce.accounts.viewer import Viewer
    from streams.models.show import ShowQuerySet

PAYABLE_AFTER_END = timedelta(minutes=10)

# Which states a verb may start from; the picture's own moves come from the packager.
MOVES: dict[ShowState, tuple[ShowState, ...]] = {
    ShowState.SCHEDULED: (ShowState.DRAFT, ShowState.REHEARSAL),
    ShowState.REHEARSAL: (ShowState.SCHEDULED,),
    ShowState.LIVE: (ShowState.SCHEDULED, ShowState.REHEARSAL, ShowState.INTERRUPTED),
    ShowState.INTERRUPTED: (ShowState.LIVE,),
    ShowState.ENDED: ON_AIR,
    ShowState.REPLAY: (ShowState.ENDED,),
    ShowState.ARCHIVED: (ShowState.ENDED, ShowState.REPLAY),
    ShowState.CANCELLED: (ShowState.DRAFT, ShowState.SCHEDULED),
}

Role = Literal["host", "moderator", "brand", "viewer"]


class ShowNotFound(NotFound):
    code = "show.not_found"
    message = "There is no such show."


class ShowCannotMove(Refused):
    code = "show.wrong_state"
    message = "The show has moved on in the meantime. Reload to see where it stands."


class NotReadyForLive(Refused):
    code = "show.no_picture"
    message = "There is no picture yet. Start the encoder, wait for the preview, then go live."


def schedule_show(
    *,
    brand: Brand,
    host: Host,
    title: str,
    slug: str,
    starts_at: datetime,
    actor: User | None,
    now: datetime,
    description: str = "",
    planned_minutes: int = 60,
    **more: Any,
) -> Show:
    """Announce a show. `more` takes the optional fields of `Show` (cover, art, landscape, reconnect_seconds)."""
    with transaction.atomic():
        show = Show.objects.create(
            brand=brand,
            host=host,
            title=title,
            slug=slug,
            starts_at=starts_at,
            description=description,
            planned_minutes=planned_minutes,
            **more,
        )
        return _move(show, ShowState.SCHEDULED, actor=actor, now=now, reason="scheduled")


@transaction.atomic
def publish_draft(*, show: Show, actor: User | None, now: datetime) -> Show:
    """Schedule a show that was prepared as a draft."""
    return _move(show, ShowState.SCHEDULED, actor=actor, now=now, reason="scheduled")


@transaction.atomic
def open_rehearsal(*, show: Show, actor: User | None, now: datetime) -> Show:
    """The encoder is on, nobody but the team sees it."""
    return _move(show, ShowState.REHEARSAL, actor=actor, now=now, reason="encoder connected")


@transaction.atomic
def close_rehearsal(*, show: Show, actor: User | None, now: datetime) -> Show:
    """The encoder went away before the show began."""
    return _move(show, ShowState.SCHEDULED, actor=actor, now=now, reason="encoder left", start=(ShowState.REHEARSAL,))


@transaction.atomic
def go_live(*, show: Show, actor: User | None, now: datetime, picture_needed: bool = True) -> Show:
    """Open the show to everyone; the public picture begins with the next segment.

    :raises NotReadyForLive: no picture arrives; :raises ShowCannotMove: it was live already and ended, or is cancelled.
    """
    if show.state in ON_AIR:
        return show
    if picture_needed and show.state != ShowState.REHEARSAL:
        raise NotReadyForLive
    show = _move(show, ShowState.LIVE, actor=actor, now=now, reason="host", live_started_at=now, interrupted_at=None)
    publish.to_show(show.pk, ShowWentLive(state=show.state), now=now, urgent=True)
    return show


@transaction.atomic
def interrupt_show(*, show: Show, now: datetime, reason: str = "picture") -> Show:
    """The picture is away; the show waits for it until `show.reconnect_until`."""
    if show.state == ShowState.INTERRUPTED:
        return show
    show = _move(show, ShowState.INTERRUPTED, actor=None, now=now, reason=reason, interrupted_at=now)
    until = show.reconnect_until
    event = ShowInterrupted(state=show.state, reason=reason, until=_ms(until) if until else None)
    publish.to_show(show.pk, event, now=now, urgent=True)
    return show


@transaction.atomic
def resume_show(*, show: Show, now: datetime) -> Show:
    """The picture is back, on the same URL."""
    if show.state == ShowState.LIVE:
        return show
    start = (ShowState.INTERRUPTED,)
    show = _move(show, ShowState.LIVE, actor=None, now=now, reason="picture back", start=start, interrupted_at=None)
    publish.to_show(show.pk, ShowResumed(state=show.state), now=now, urgent=True)
    return show


@transaction.atomic
def end_show(*, show: Show, actor: User | None, now: datetime, reason: str = "host") -> Show:
    """Close the show for good; what is held stays payable until the event's `until`."""
    if show.is_past:
        return show
    show = _move(
        show,
        ShowState.ENDED,
        actor=actor,
        now=now,
        reason=reason,
        ended_at=now,
        interrupted_at=None,
        sales_paused_at=None,
        sales_paused_reason="",
    )
    event = ShowEnded(state=show.state, reason=reason, until=_ms(now + PAYABLE_AFTER_END))
    publish.to_show(show.pk, event, now=now, urgent=True)
    return show


@transaction.atomic
def publish_replay(*, show: Show, actor: User | None, now: datetime) -> Show:
    """Offer the recording."""
    return _move(show, ShowState.REPLAY, actor=actor, now=now, reason="replay published")


@transaction.atomic
def archive_show(*, show: Show, actor: User | None, now: datetime) -> Show:
    """Take the replay away; orders and log stay."""
    return _move(show, ShowState.ARCHIVED, actor=actor, now=now, reason="archived")


@transaction.atomic
def cancel_show(*, show: Show, actor: User | None, now: datetime, reason: str = "") -> Show:
    """Call off a show that has not begun."""
    return _move(show, ShowState.CANCELLED, actor=actor, now=now, reason=reason or "cancelled")


@transaction.atomic
def stop_selling(*, show: Show, reason: str, now: datetime) -> Show:
    """Mark the sales of a show as standing. The roof stops drops and holds in the same transaction.

    A pause by the host outranks one by the picture: a returning picture must not undo a panic.
    """
    paused = Show.objects.filter(pk=show.pk, state__in=ON_AIR).exclude(sales_paused_reason="host")
    paused.update(
        sales_paused_at=show.sales_paused_at or now, sales_paused_reason=reason, sales_version=F("sales_version") + 1
    )
    show.refresh_from_db()
    publish.state(show.pk, "sales", show.sales_version, sales_state(show), urgent=True)
    return show


@transaction.atomic
def start_selling(*, show: Show, reason: str, now: datetime, keep_as: str = "") -> Show:
    """Let the sales go on, if the pause was for this reason (the host's word ends any).

    With `keep_as` they stay paused for that other reason: the host is done, the picture is still away.
    """
    paused = Show.objects.filter(pk=show.pk, sales_paused_at__isnull=False)
    if reason != "host":
        paused = paused.filter(sales_paused_reason=reason)
    since = show.sales_paused_at if keep_as else None
    paused.update(sales_paused_at=since, sales_paused_reason=keep_as, sales_version=F("sales_version") + 1)
    show.refresh_from_db()
    publish.state(show.pk, "sales", show.sales_version, sales_state(show), urgent=True)
    return show


def sales_state(show: Show) -> dict[str, Any]:
    """The value of the state key `sales`."""
    since = show.sales_paused_at
    return {"paused": show.sales_paused, "reason": show.sales_paused_reason, "since": _ms(since) if since else None}


def show_state(show: Show) -> dict[str, Any]:
    """The value of the state key `show`, and the head of the snapshot."""
    until = show.reconnect_until
    return {
        "state": show.public_state,
        "playback_url": show.playback_url,
        "live_started_at": _ms(show.live_started_at) if show.live_started_at else None,
        "ended_at": _ms(show.ended_at) if show.ended_at else None,
        "reconnect_until": _ms(until) if until else None,
    }


def show_for_viewer(slug: str, viewer: Viewer, *, shows: ShowQuerySet | None = None) -> Show:
    """The show behind a public address; `shows` may say what else to read with it.

    :raises ShowNotFound: for drafts and archived ones, unless the viewer is of the team.
    """
    found = Show.objects.all() if shows is None else shows
    show = found.with_people().filter(slug=slug).first()
    if show is None or (show.state not in PUBLIC and role_in(show, viewer) == "viewer"):
        raise ShowNotFound
    return show


def show_for_team(slug: str, user: User) -> Show:
    """The show behind a Studio address; outsiders learn nothing, not even that it exists.

    :raises ShowNotFound: no such show, or not theirs.
    """
    show = Show.objects.with_people().filter(slug=slug).first()
    if show is None or role_of_user(show, user.pk) == "viewer":
        raise ShowNotFound
    return show


def shows_for_team(user: User) -> ShowQuerySet:
    """All shows that this person hosts, moderates or runs for a brand, the next one first."""
    theirs = (Show.objects.filter(host__user=user) | Show.objects.filter(members__user=user)) | Show.objects.filter(
        brand__staff__user=user
    )
    return theirs.with_people().distinct().order_by("-starts_at")


def role_in(show: Show, viewer: Viewer) -> Role:
    """What this viewer is in this show."""
    return role_of_user(show, viewer.user_id)


def role_of_user(show: Show, user_id: int | None) -> Role:
    """What this account is in this show: the host, the chat team, the brand's staff, or a viewer like any other."""
    if user_id is None:
        return "viewer"
    if show.host.user_id == user_id:
        return "host"
    if ShowMember.objects.filter(show=show, user=user_id, role=ShowMember.Role.MODERATOR).exists():
        return "moderator"
    if ShowMember.objects.filter(show=show, user=user_id).exists():
        return "host"
    if show.brand.staff.filter(user=user_id).exists():
        return "brand"
    return "viewer"


def _move(
    show: Show,
    to: ShowState,
    *,
    actor: User | None,
    now: datetime,
    reason: str,
    start: tuple[ShowState, ...] | None = None,
    **fields: Any,
) -> Show:
    """Move once, or not at all: the UPDATE is guarded by the states a move may start from.

    Two taps, or a tap and the packager, may race; the second one finds no row, and either nothing is left to do or
    :raises ShowCannotMove: the show is somewhere else.
    """
    row = Show.objects.select_for_update(no_key=True, of=("self",)).with_people().get(pk=show.pk)
    if row.state == to:
        return row
    moved = Show.objects.filter(pk=row.pk, state=row.state, state__in=start or MOVES[to]).update(
        state=to, state_version=F("state_version") + 1, **fields
    )
    if not moved:
        raise ShowCannotMove(f"A show that is {row.get_state_display().lower()} cannot become {to.label.lower()}.")
    ShowMove.objects.create(show=row, from_state=row.state, to_state=to, at=now, actor=actor, reason=reason)
    row.refresh_from_db()
    publish.state(row.pk, "show", row.state_version, show_state(row), urgent=True)
    return row


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
