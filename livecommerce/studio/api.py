"""The Studio over HTTP, where an act concerns several apps at once: ending a show, pausing and resuming its sales."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from livecommerce import safe_mode
from livecommerce.accounts.api_auth import KNOWN_VIEWER
from streams.api import ShowOut, show_wire, team
from streams.models import Show
from streams.shows import sales_state

router = Router(tags=["shows"], auth=KNOWN_VIEWER)


class SalesOut(Schema):
    """Whether sales stand, why (`host` or `picture`) and since when, in ms."""

    paused: bool
    reason: str
    since: int | None


@router.post("studio/shows/{slug}/end", response=ShowOut)
def post_end(request: HttpRequest, slug: str) -> dict[str, Any]:
    """End a show for good; what is held stays payable for ten more minutes. Asked again it answers the same."""
    show, actor = team(request, slug)
    show = safe_mode.end_show(show=show, actor=actor, now=timezone.now())
    return show_wire(show, state=show.state)


@router.post("studio/shows/{slug}/pause-sales", response=SalesOut)
def post_pause_sales(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Stop every clock of the show: drops, holds and offers stand until sales are resumed."""
    show, actor = team(request, slug)
    return _sales(safe_mode.pause_sales(show=show, actor=actor, now=timezone.now()))


@router.post("studio/shows/{slug}/resume-sales", response=SalesOut)
def post_resume_sales(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Let every clock go on where it stood."""
    show, actor = team(request, slug)
    return _sales(safe_mode.resume_sales(show=show, actor=actor, now=timezone.now()))


def _sales(show: Show) -> dict[str, Any]:
    return sales_state(show)
