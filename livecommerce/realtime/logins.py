"""Sign-ins behind open sockets. Rule guarded here: who signs out, or is shut out, loses the sockets within seconds.

Signing out says so at once to every process. What nobody says (a session that ran out, an account that was closed in
the admin, a message that was lost) is found by asking for all sign-ins of this process every few seconds.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from django.contrib.sessions.models import Session
from django.utils import timezone

from livecommerce.accounts.models import ApiToken, User
from livecommerce.accounts.visitors import token_hash
from livecommerce.realtime.batch import in_thread
from livecommerce.realtime.dismissal import Dismissal, dismiss
from livecommerce.realtime.protocol import CLOSE_SIGN_IN

if TYPE_CHECKING:
    from livecommerce.realtime.hub import Hub

logger = logging.getLogger(__name__)

ASK_SECONDS = 3.0
SIGNED_OUT = "You are signed out. Reload the page to watch on as a guest, or sign in again."
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Login:
    """By what a socket is signed in: an account, and a browser's session or a client's token."""

    user_id: int
    session: str = ""
    token: str = ""

    @property
    def mark(self) -> str:
        """A name for other processes that nobody can sign in with."""
        return _mark(self.session or self.token)


def login_of(user_id: int | None, *, session: str, token: str) -> Login | None:
    """Name the sign-in of a handshake; a guest has none."""
    if user_id is None:
        return None
    return Login(user_id, token=token_hash(token)) if token else Login(user_id, session=session)


def end_session(session_key: str) -> None:
    """End the sockets of a browser that signs out."""
    dismiss(Dismissal(code=CLOSE_SIGN_IN, message=SIGNED_OUT, login=_mark(session_key)))


async def watch_forever(hub: Hub) -> None:
    """End the sockets here whose sign-in is gone."""
    while True:
        await asyncio.sleep(ASK_SECONDS)
        try:
            await end_ended(hub)
        except Exception:
            logger.exception("sign-ins were not asked; next try in a few seconds")


async def end_ended(hub: Hub) -> None:
    """Ask once for every sign-in that sits here."""
    logins = {seat.login for room in hub.watched() for seat in room.seats if seat.login}
    if not logins:
        return
    standing = await in_thread(_standing, list(logins))
    for room in hub.watched():
        for seat in [seat for seat in room.seats if seat.login in logins - standing]:
            hub.dismiss(room, seat, CLOSE_SIGN_IN, SIGNED_OUT)


def _standing(logins: Sequence[Login]) -> set[Login]:
    """Give those that still hold: the account is open, the session or the token is there."""
    sessions, tokens, users = set[str](), set[str](), set[int]()
    for some in _parts(login.session for login in logins if login.session):
        found = Session.objects.filter(session_key__in=some, expire_date__gt=timezone.now())
        sessions.update(found.values_list("session_key", flat=True))
    for some in _parts(login.token for login in logins if login.token):
        tokens.update(ApiToken.objects.filter(hash__in=some).values_list("hash", flat=True))
    for accounts in _parts(login.user_id for login in logins):
        users.update(User.objects.filter(pk__in=accounts, is_active=True).values_list("pk", flat=True))
    return {one for one in logins if one.user_id in users and (one.session in sessions or one.token in tokens)}


def _parts[One](many: Iterable[One]) -> Iterator[tuple[One, ...]]:
    return batched(set(many), _AT_ONCE)


def _mark(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]
