"""Visitors: one identity for every viewer. Rule guarded here: a guest token never acts as a signed-in user."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from livecommerce.accounts.models import ApiToken, User, Visitor
from livecommerce.accounts.viewer import Viewer, who_asks
from livecommerce.errors import SignInNeeded

COOKIE = "visitor"
TOKEN_LIFETIME = timedelta(days=180)
_GUEST_PREFIX = "vis."
_USER_PREFIX = "usr."
_signer = signing.TimestampSigner(salt="visitor")


def mint_visitor(*, now: datetime) -> tuple[Visitor, str]:
    """Make a guest; return it with the token that proves who it is."""
    visitor = Visitor.objects.create(created_at=now)
    return visitor, guest_token(visitor.id)


def guest_token(visitor_id: UUID) -> str:
    """Return the signed token of a visitor, for cookies and clients that are not browsers."""
    return _GUEST_PREFIX + _signer.sign(visitor_id.hex)


def read_guest_token(token: str) -> UUID | None:
    """Return the visitor that a token names, or None; costs no query, so thousands can reconnect at once."""
    if not token.startswith(_GUEST_PREFIX):
        return None
    try:
        return UUID(hex=_signer.unsign(token.removeprefix(_GUEST_PREFIX), max_age=TOKEN_LIFETIME))
    except (signing.BadSignature, ValueError):
        return None


def visitor_of_user(user: User) -> Visitor:
    """Return the one visitor of a signed-in user, made on first use."""
    visitor, _ = Visitor.objects.get_or_create(user=user, defaults={"name": user.get_full_name()})
    return visitor


def open_session(*, user: User, now: datetime) -> str:
    """Give a user a new token for a client that is no browser."""
    token = _USER_PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, hash=token_hash(token), created_at=now)
    return token


def identity_of(viewer: Viewer, *, now: datetime) -> tuple[Visitor, str]:
    """Return the visitor who asks and a token for it; nobody becomes a new guest.

    A user gets a key that can be taken back, never a guest token of their own visitor.
    """
    if viewer.visitor_id is None:
        return mint_visitor(now=now)
    visitor = Visitor.objects.select_related("user").get(pk=viewer.visitor_id)
    return visitor, open_session(user=visitor.user, now=now) if visitor.user else guest_token(visitor.id)


def viewer_of_token(token: str, *, address: str = "") -> Viewer | None:
    """Return who stands behind a bearer token: a guest without a query, a user with one."""
    visitor_id = read_guest_token(token)
    if visitor_id is not None:
        return Viewer(visitor_id=visitor_id, name=guest_name(visitor_id), address=address)
    if not token.startswith(_USER_PREFIX):
        return None
    kept = ApiToken.objects.select_related("user").filter(hash=token_hash(token), user__is_active=True).first()
    return viewer_of_user(kept.user, address=address) if kept else None


def viewer_of_user(user: User, *, address: str = "") -> Viewer:
    """Return the viewer that a signed-in user is."""
    visitor = visitor_of_user(user)
    return Viewer(visitor.id, user.pk, user.get_full_name(), address, is_superuser=user.is_superuser)


def viewer_of(request: HttpRequest) -> Viewer:
    """Return who asks: session user, else bearer token, else visitor cookie, else nobody."""
    address = address_of(request)
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return viewer_of_token(header.removeprefix("Bearer ").strip(), address=address) or Viewer(address=address)
    if isinstance(request.user, User):
        return viewer_of_user(request.user, address=address)
    visitor_id = read_guest_token(request.COOKIES.get(COOKIE, ""))
    return Viewer(visitor_id, name=guest_name(visitor_id) if visitor_id else "", address=address)


def ensure_visitor(request: HttpRequest) -> Viewer:
    """Give the one who asks a visitor when there is none; the middleware then sets the cookie."""
    viewer = who_asks(request)
    if viewer.visitor_id is None:
        visitor, token = mint_visitor(now=timezone.now())
        request.new_visitor_token = token  # type: ignore[attr-defined]
        viewer = Viewer(visitor.id, name=guest_name(visitor.id), address=viewer.address)
        request.viewer = viewer  # type: ignore[attr-defined]
    return viewer


def require_visitor(viewer: Viewer) -> UUID:
    """Return the visitor's id.

    :raises SignInNeeded: nobody knows who asks.
    """
    if viewer.visitor_id is None:
        raise SignInNeeded
    return viewer.visitor_id


@transaction.atomic
def merge_visitor(*, guest_id: UUID, user: User) -> Visitor | None:
    """Mark a guest as the same person as a user; return the guest when there is something to move, else None."""
    guest = Visitor.objects.select_for_update().filter(pk=guest_id, user=None, merged_into=None).first()
    if guest is None:
        return None
    guest.merged_into = visitor_of_user(user)
    guest.save(update_fields=["merged_into"])
    return guest


def set_cookie(response: HttpResponseBase, token: str) -> None:
    """Set the visitor cookie; scripts cannot read it."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=TOKEN_LIFETIME,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def guest_name(visitor_id: UUID) -> str:
    """Return the name a guest writes under until they choose one."""
    return f"Guest {int(visitor_id.hex[:8], 16) % 9000 + 1000}"


def address_of(request: HttpRequest) -> str:
    """Return the client's address: the socket's, or what our own proxies wrote last."""
    hops = settings.TRUSTED_PROXIES
    forwarded = request.headers.get("X-Forwarded-For", "")
    if hops and forwarded:
        parts = [part.strip() for part in forwarded.split(",")]
        return parts[-min(hops, len(parts))]
    return str(request.META.get("REMOTE_ADDR", ""))


def of_person(visitor_ids: Collection[UUID]) -> Q:
    """Match rows of these visitors under both of their names: the guest they were, the account they became."""
    account = Visitor.objects.filter(pk__in=visitor_ids, merged_into__isnull=False).values("merged_into")
    return Q(visitor__in=visitor_ids) | Q(visitor__merged_into__in=visitor_ids) | Q(visitor__in=account)


def token_hash(token: str) -> str:
    """Return what is kept of a user's token."""
    return hashlib.sha256(token.encode()).hexdigest()
