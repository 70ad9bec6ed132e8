"""What a player loads: playlists and the files they name.

The rule guarded here: a draft or a rehearsal looks the same to outsiders as a show that does not exist.
"""

from __future__ import annotations

import asyncio
import gzip
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from livecommerce.accounts.viewer import who_asks
from streams.shows import ShowNotFound, role_in, show_for_viewer
from streams.video.playlist import MEDIA_TYPE, Kind, playlist_of, rehearsal_playlist
from streams.video.segments import public_folder, rehearsal_folder

if TYPE_CHECKING:
    from livecommerce.accounts.viewer import Viewer
    from streams.models import Show

LIVE_FRESH_SECONDS = 0.5
LONG_FRESH_SECONDS = 2.0
FIRST_SEGMENT_SECONDS = 6.0
_FOREVER = "public, max-age=31536000, immutable"
_cached: dict[tuple[str, Kind], tuple[float, bytes, bytes]] = {}


async def playlist(request: HttpRequest, slug: str, kind: Kind) -> HttpResponse:
    """The show's list, from this process's memory for half a second: a thousand players cost two queries a second."""
    patience = monotonic() + FIRST_SEGMENT_SECONDS
    while True:
        found = _cached.get((slug, kind))
        if found is None or found[0] < monotonic():
            found = await sync_to_async(_fresh_playlist)(request, slug, kind)
        if found[1] or monotonic() > patience:
            break
        # The show has just gone live: its first segment is being filmed.
        await asyncio.sleep(LIVE_FRESH_SECONDS)
    if not found[1]:
        raise Http404
    max_age = 300 if kind == "vod" else 1
    return _answer(request, found[1], found[2], cache=f"public, max-age={max_age}")


async def preview_playlist(request: HttpRequest, slug: str) -> HttpResponse:
    """The rehearsal's list, for the show's team only."""
    text = (await sync_to_async(_preview)(request, slug)).encode()
    return _answer(request, text, b"", cache="private, no-store")


async def segment(request: HttpRequest, slug: str, run: str, name: str) -> HttpResponse:
    """A public file. Its name is the permission, so no query is made; in production a web server stands in front."""
    found = await sync_to_async(_read, thread_sensitive=False)(public_folder(run) / name)
    if found is None:
        return await sync_to_async(_rehearsal_file)(request, slug, run, name)
    response = HttpResponse(found, content_type="video/mp4")
    response["Cache-Control"] = _FOREVER
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _fresh_playlist(request: HttpRequest, slug: str, kind: Kind) -> tuple[float, bytes, bytes]:
    show = _show(request, slug)
    if not show.is_past and (kind == "vod" or not show.is_on_air):
        raise Http404
    text = playlist_of(show, kind)
    if text is None and not show.is_on_air:
        raise Http404
    fresh_for = LIVE_FRESH_SECONDS if kind == "live" else LONG_FRESH_SECONDS
    plain = (text or "").encode()
    if len(_cached) > 200:  # noqa: PLR2004 - old shows' lists, asked for once
        _cached.clear()
    _cached[slug, kind] = found = (monotonic() + fresh_for, plain, gzip.compress(plain, 5))
    return found


def _preview(request: HttpRequest, slug: str) -> str:
    viewer = _viewer(request)
    show = _show(request, slug)
    text = rehearsal_playlist(show) if role_in(show, viewer) != "viewer" else None
    if text is None:
        raise Http404
    return text


def _rehearsal_file(request: HttpRequest, slug: str, run: str, name: str) -> HttpResponse:
    """A file that is not public: the team may see it."""
    viewer = _viewer(request)
    show = _show(request, slug)
    path = rehearsal_folder(run) / name
    if role_in(show, viewer) == "viewer" or not show.runs.filter(token=run).exists() or not path.is_file():
        missing = HttpResponse(status=404)
        # A player asks again: a proxy must not remember the miss for long.
        missing["Cache-Control"] = "max-age=1"
        return missing
    response = HttpResponse(path.read_bytes(), content_type="video/mp4")
    response["Cache-Control"] = "private, max-age=3600"
    return response


@lru_cache(maxsize=48)
def _remembered(path: Path) -> bytes:
    return path.read_bytes()


def _read(path: Path) -> bytes | None:
    """The file's bytes; the newest few stay in memory, as every viewer asks for them at once. They never change."""
    try:
        return _remembered(path)
    except FileNotFoundError:
        return None


def _answer(request: HttpRequest, plain: bytes, packed: bytes, *, cache: str) -> HttpResponse:
    use_gzip = bool(packed) and "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(packed if use_gzip else plain, content_type=MEDIA_TYPE)
    if use_gzip:
        response["Content-Encoding"] = "gzip"
    response["Cache-Control"] = cache
    if packed:
        response["Access-Control-Allow-Origin"] = "*"
        patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _show(request: HttpRequest, slug: str) -> Show:
    try:
        return show_for_viewer(slug, _viewer(request))
    except ShowNotFound as missing:
        raise Http404 from missing


def _viewer(request: HttpRequest) -> Viewer:
    return who_asks(request)
