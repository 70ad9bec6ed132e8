"""Shows over HTTP: the schedule for everyone, and what a host's own tools need to run a show."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from livecommerce.accounts.api_auth import ANYONE, KNOWN_VIEWER
from livecommerce.accounts.models import User
from livecommerce.accounts.viewer import who_asks
from livecommerce.errors import SignInNeeded
from streams.lineup import item_cards, pin_item, pins_state, unpin_item
from streams.models import Show
from streams.shows import go_live, role_in, show_for_team, show_for_viewer

router = Router(tags=["shows"])

PAGE = 24

PublicState = Literal["scheduled", "live", "interrupted", "ended", "replay", "cancelled"]


class PersonOut(Schema):
    name: str
    handle: str
    url: str
    portrait: str


class BrandOut(Schema):
    name: str
    slug: str
    url: str


class ShowOut(Schema):
    """A show as a card shows it. Moments are ms since 1970; `playback_url` is empty while there is nothing to play."""

    id: int
    slug: str
    title: str
    description: str
    state: str
    starts_at: int
    planned_minutes: int
    live_started_at: int | None
    ended_at: int | None
    landscape: bool
    cover: str
    url: str
    playback_url: str
    host: PersonOut
    brand: BrandOut


class ShowWithLineupOut(ShowOut):
    """A show with its item cards, and which of them are on the picture now."""

    lineup: list[dict[str, Any]]
    pins: list[int]


class ShowsOut(Schema):
    """A page of shows; `next` is what `after` takes for the following one."""

    shows: list[ShowOut]
    next: int | None


class PinIn(Schema):
    item: int


class PinsOut(Schema):
    """What is on the picture now, and from which moment of the picture on."""

    items: list[dict[str, Any]]
    programme_at: int


@router.get("shows", response=ShowsOut, auth=ANYONE)
def list_shows(request: HttpRequest, state: PublicState | None = None, after: int | None = None) -> dict[str, Any]:
    """List shows, the newest first; `state` keeps those in one state."""
    shows = Show.objects.public().with_people().with_recording().order_by("-pk")
    if state is not None:
        # A rehearsal is nobody's business: from outside it is still scheduled.
        shows = shows.filter(state__in=["scheduled", "rehearsal"] if state == "scheduled" else [state])
    if after is not None:
        shows = shows.filter(pk__lt=after)
    page = list(shows[: PAGE + 1])
    return {
        "shows": [show_wire(show, state=show.public_state) for show in page[:PAGE]],
        "next": page[PAGE - 1].pk if len(page) > PAGE else None,
    }


@router.get("shows/{slug}", response=ShowWithLineupOut, auth=ANYONE)
def get_show(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Get a show with its line-up. Its team also sees drafts and rehearsals."""
    viewer = who_asks(request)
    show, now = show_for_viewer(slug, viewer), timezone.now()
    state = show.state if role_in(show, viewer) != "viewer" else show.public_state
    pinned = [card["id"] for card in pins_state(show, now)["items"]]
    return {**show_wire(show, state=state), "lineup": item_cards(show, now), "pins": pinned}


@router.post("studio/shows/{slug}/go-live", response=ShowOut, auth=KNOWN_VIEWER)
def post_go_live(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Open a rehearsed show to everyone. Asked again it answers the same."""
    show, actor = team(request, slug)
    show = go_live(show=show, actor=actor, now=timezone.now())
    return show_wire(show, state=show.state)


@router.post("studio/shows/{slug}/pins", response=PinsOut, auth=KNOWN_VIEWER)
def post_pin(request: HttpRequest, slug: str, body: PinIn) -> dict[str, Any]:
    """Show an item of the line-up on the picture; up to three at a time."""
    show, actor = team(request, slug)
    now = timezone.now()
    pin_item(show=show, item_id=body.item, actor=actor, now=now)
    return pins_state(show, now)


@router.delete("studio/shows/{slug}/pins/{item_id}", response=PinsOut, auth=KNOWN_VIEWER)
def delete_pin(request: HttpRequest, slug: str, item_id: int) -> dict[str, Any]:
    """Take an item off the picture."""
    show, _ = team(request, slug)
    now = timezone.now()
    unpin_item(show=show, item_id=item_id, now=now)
    return pins_state(show, now)


def team(request: HttpRequest, slug: str) -> tuple[Show, User]:
    """The show and the account that asks, if they are of its team.

    :raises SignInNeeded: a guest asks; :raises ShowNotFound: an outsider does.
    """
    viewer = who_asks(request)
    if viewer.user_id is None:
        raise SignInNeeded
    actor = User.objects.get(pk=viewer.user_id)
    return show_for_team(slug, actor), actor


def show_wire(show: Show, *, state: str) -> dict[str, Any]:
    """A show as the API gives it; `state` is what this asker may know of it."""
    return {
        "id": show.pk,
        "slug": show.slug,
        "title": show.title,
        "description": show.description,
        "state": state,
        "starts_at": _ms(show.starts_at),
        "planned_minutes": show.planned_minutes,
        "live_started_at": _ms(show.live_started_at),
        "ended_at": _ms(show.ended_at),
        "landscape": show.landscape,
        "cover": _whole(show.cover_url),
        "url": _whole(show.get_absolute_url()),
        "playback_url": _whole(show.playback_url),
        "host": {
            "name": show.host.name,
            "handle": show.host.handle,
            "url": _whole(show.host.get_absolute_url()),
            "portrait": _whole(show.host.portrait_url),
        },
        "brand": {"name": show.brand.name, "slug": show.brand.slug, "url": _whole(show.brand.get_absolute_url())},
    }


def _ms(moment: datetime | None) -> int | None:
    return round(moment.timestamp() * 1000) if moment else None


def _whole(address: str) -> str:
    """An address that works from elsewhere too."""
    return f"{settings.PUBLIC_URL}{address}" if address.startswith("/") else address
