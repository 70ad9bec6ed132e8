"""The doorway of a socket: from where it comes and who asks.

Rule guarded here: a page of another origin never opens a socket with the visitor's cookies. Browsers always send an
Origin and it has to match in scheme, host and port; a client without one is no browser, so its cookies count for
nothing and only a token says who it is. A guest costs no query.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from livecommerce.accounts.models import User
from livecommerce.accounts.viewer import Viewer
from livecommerce.accounts.visitors import COOKIE, guest_name, read_guest_token, viewer_of_token, viewer_of_user
from livecommerce.realtime.batch import in_thread

# A browser may leave these out of an Origin, so they are left out of both sides.
_USUAL_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Knock:
    """What the handshake says."""

    origin: str | None
    cookies: Mapping[str, str]
    token: str
    address: str

    @property
    def session(self) -> str:
        """The key of the browser's session; nothing for who is no browser."""
        return self.cookies.get(settings.SESSION_COOKIE_NAME, "") if self.origin is not None else ""


def read_knock(scope: Mapping[str, Any]) -> Knock:
    """Read an ASGI websocket scope."""
    headers: dict[bytes, str] = {name: value.decode("latin-1") for name, value in scope.get("headers", ())}
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    client = scope.get("client") or ("", 0)
    return Knock(
        origin=headers.get(b"origin"),
        cookies=_cookies(headers.get(b"cookie", "")),
        token=query.get("visitor", [""])[0],
        address=_address(str(client[0]), headers.get(b"x-forwarded-for", "")),
    )


def is_welcome(knock: Knock) -> bool:
    """Tell whether a page of this origin may open a socket; a client that is no browser may."""
    return knock.origin is None or _plain(knock.origin) in _allowed(settings.ALLOWED_ORIGINS)


async def viewer_of(knock: Knock) -> Viewer | None:
    """Return who asks; None for a token that is wrong or has run out."""
    if knock.token:
        visitor_id = read_guest_token(knock.token)
        if visitor_id is not None:
            return Viewer(visitor_id, name=guest_name(visitor_id), address=knock.address)
        return await in_thread(viewer_of_token, knock.token, address=knock.address)
    if knock.origin is None:
        return Viewer(address=knock.address)
    if knock.session:
        signed_in = await in_thread(_viewer_of_session, knock.session, knock.address)
        if signed_in is not None:
            return signed_in
    visitor_id = read_guest_token(knock.cookies.get(COOKIE, ""))
    return Viewer(visitor_id, name=guest_name(visitor_id) if visitor_id else "", address=knock.address)


def _viewer_of_session(session_key: str, address: str) -> Viewer | None:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    return viewer_of_user(user, address=address) if isinstance(user, User) else None


def _cookies(header: str) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header)
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _address(peer: str, forwarded: str) -> str:
    hops = settings.TRUSTED_PROXIES
    if not hops or not forwarded:
        return peer
    parts = [part.strip() for part in forwarded.split(",")]
    return parts[-min(hops, len(parts))]


def _allowed(origins: Iterable[str]) -> set[str]:
    return {_plain(origin) for origin in origins}


def _plain(origin: str) -> str:
    scheme, _, place = origin.strip().lower().partition("://")
    return f"{scheme}://{place.removesuffix(':' + _USUAL_PORTS.get(scheme, '-'))}"
