"""The Studio's pages: the list of shows, one show in each of its states, its panels, and the forms pressed there."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from livecommerce.accounts.models import User
from livecommerce.accounts.viewer import Viewer, who_asks
from livecommerce.errors import Refused
from livecommerce.studio.acts import ACTS, Press
from livecommerce.studio.board import Board
from livecommerce.studio.listing import shows_of
from streams.models import Show
from streams.shows import ShowNotFound, show_for_team

PANELS = {
    "head": "_head",
    "health": "_health",
    "rundown": "_rundown",
    "on-air": "_on_air",
    "next-drop": "_next_drop",
    "codes": "_codes",
    "sales": "_sales",
    "team": "_team",
    "remote": "_remote",
    "checks": "_checks",
}


@login_required
@never_cache
@require_safe
def shows(request: HttpRequest) -> HttpResponse:
    """List the shows this person works in."""
    return render(request, "studio/list.html", {"groups": shows_of(_user(request), now=timezone.now())})


@login_required
@never_cache
@require_safe
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """Run a show; before it, get ready to go live; after it, see what it sold."""
    board = _board(request, slug)
    page = "run" if board.show.is_on_air else "golive" if board.show.is_upcoming else "over"
    return render(request, f"studio/{page}.html", {"board": board, "boot": board.boot(_viewer(request))})


@login_required
@never_cache
@require_safe
def panel(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Give one panel anew."""
    if name not in PANELS:
        raise Http404
    return render(request, f"studio/{PANELS[name]}.html", {"board": _board(request, slug)})


@login_required
@require_POST
def act(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Do what was pressed; answer a script in JSON, a plain form with the page."""
    if name not in ACTS:
        raise Http404
    press = Press(
        show=_show(request, slug), user=_user(request), viewer=_viewer(request), form=request.POST, now=timezone.now()
    )
    scripted = "application/json" in request.headers.get("Accept", "")
    try:
        done = ACTS[name](press)
    except Refused as refused:
        if scripted:
            return JsonResponse({"error": refused.wire()}, status=refused.status)
        messages.error(request, refused.message)
    else:
        if scripted:
            return JsonResponse({"done": done.words, "undo": done.undo})
        messages.success(request, done.words)
    return redirect("studio", slug=slug)


def _board(request: HttpRequest, slug: str) -> Board:
    return Board(show=_show(request, slug), user=_user(request), now=timezone.now())


def _show(request: HttpRequest, slug: str) -> Show:
    try:
        return show_for_team(slug, _user(request))
    except ShowNotFound as missing:
        raise Http404 from missing


def _user(request: HttpRequest) -> User:
    return cast("User", request.user)  # Every view here asks for a sign-in first.


def _viewer(request: HttpRequest) -> Viewer:
    return who_asks(request)
