"""The show page, in every state of a show, and the same page inside another site.

The rule guarded here: the first HTML already says what is on sale, at what price, and what was said; scripts only keep
it true.
"""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db.models import Case, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from livecommerce.accounts.viewer import Viewer
from livecommerce.accounts.visitors import ensure_visitor
from livecommerce.realtime import feed
from livecommerce.snapshot import show_wire, you_now
from livecommerce.watch.chapters import chapters_of
from livecommerce.watch.modules import modules_of
from livecommerce.watch.scene_cache import PublicScene, public_scene
from livecommerce.watch.show_cards import EMPTY_CARD, OPEN_HOLDS, Scene, lineup_rows, stage_cards
from livecommerce.watch.show_sheet import sheet_of
from streams.models import Show
from streams.shows import ShowNotFound, show_for_viewer

SECONDS_A_DAY = 86_400
# Any site may frame the embedded page; the rest of the policy stays.
EMBEDDED_CSP: dict[str, Any] = dict(settings.SECURE_CSP) | {"frame-ancestors": ["*"]}


@never_cache
@require_safe
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a show: what is to come, what is on, what was."""
    return _answer(request, slug)


@never_cache
@require_safe
@xframe_options_exempt
@csp_override(EMBEDDED_CSP)
def embed(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the same inside another site: without our header, and links that lead out open in a tab of their own."""
    return _answer(request, slug, embedded=True)


def _answer(request: HttpRequest, slug: str, *, embedded: bool = False) -> HttpResponse:
    viewer = ensure_visitor(request)
    now = timezone.now()
    found = _find(slug, viewer, now)
    public = public_scene(found, now)
    you = you_now(found, viewer)
    scene = public.for_viewer(found, you, now)
    sheet = sheet_of(scene, request.GET.get("sheet", ""), request.GET.get("variant", ""), now)
    if request.GET.get("part") == "sheet":
        if sheet is None:
            raise Http404
        return render(request, "watch/_sheet.html", {"show": found, "sheet": sheet, "hold_key": uuid4().hex})
    page = {**_page(found, public, scene, now), "sheet": sheet, "boot": _boot(found, scene, you), "embedded": embedded}
    return render(request, "watch/show.html", page)


def _find(slug: str, viewer: Viewer, now: datetime) -> Show:
    """Return the show; a draft is not there for anyone: the team sees it in the Studio."""
    try:
        found = show_for_viewer(slug, viewer, shows=Show.objects.with_room(now))
    except ShowNotFound as missing:
        raise Http404(missing.message) from missing
    if found.state in {Show.State.DRAFT, Show.State.ARCHIVED}:
        message = "This show is not public yet."
        raise Http404(message)
    return found


def _page(found: Show, public: PublicScene, scene: Scene, now: datetime) -> dict[str, Any]:
    return {
        "show": found,
        "host_first": found.host.name.split(" ")[0],
        "face": _face(found),
        "starts_at": feed.milliseconds(found.starts_at),
        "units": _units(found, now),
        "cards": stage_cards(scene) if found.is_on_air else [],
        "rows": lineup_rows(scene),
        "messages_said": public.messages,
        "has_codes": any(key.startswith("code:") for key in public.state),
        "viewers": f"{public.viewers:,}",
        "holds": scene.holds,
        "held_units": sum(hold["quantity"] for hold in scene.holds),
        # The bag in the header leaves out what ran out and is not swept yet.
        "bag_units": sum(hold["quantity"] for hold in scene.holds if hold["state"] in OPEN_HOLDS),
        "next_show": _next_show(found) if found.is_on_air or found.is_past else None,
        "is_replay": found.state == Show.State.REPLAY and found.is_recorded,
        "chapters": chapters_of(found, scene, public.shown) if found.state == Show.State.REPLAY else [],
        "modules": modules_of("show"),
        "empty_card": EMPTY_CARD,
        "hold_key": uuid4().hex,
    }


def _boot(found: Show, scene: Scene, you: dict[str, Any]) -> dict[str, Any]:
    """Return what scripts start from, before the socket has said anything."""
    return {
        "now": scene.now,
        "epoch": scene.epoch,
        "seq": scene.seq,
        "show": show_wire(found),
        "socket_url": f"/ws/shows/{found.slug}/",
        "api": "/api/v1/",
        "you": you,
        "items": scene.items,
        "pins": scene.pins,
        "drops": scene.drops,
        "stock": {f"stock:{key}": value for key, value in scene.stock.items()},
        "sales": scene.sales,
    }


def _face(found: Show) -> str:
    """Return which face of the curtain is down, if any: what nobody filmed has ended, also as a replay."""
    if found.is_upcoming:
        return "upcoming"
    if found.state == Show.State.REPLAY and not found.is_recorded:
        return "ended"
    return {Show.State.INTERRUPTED: "interrupted", Show.State.ENDED: "ended", Show.State.CANCELLED: "cancelled"}.get(
        Show.State(found.state), ""
    )


def _units(found: Show, now: datetime) -> list[tuple[str, str]]:
    """Return the wait in its three largest units, as lib/countdown.js writes it."""
    seconds = max(0, round((found.starts_at - now).total_seconds()))
    days, rest = divmod(seconds, SECONDS_A_DAY)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    if days:
        return [(str(days), "days"), (f"{hours:02}", "hours"), (f"{minutes:02}", "minutes")]
    return [(str(hours), "hours"), (f"{minutes:02}", "minutes"), (f"{left:02}", "seconds")]


def _next_show(found: Show) -> Show | None:
    """Return what comes next, of the same brand if it has something."""
    same_first = Case(When(brand=found.brand_id, then=0), default=1)
    return Show.objects.upcoming().with_people().order_by(same_first, "starts_at").first()
