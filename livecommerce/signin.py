"""Sign-in: what happens in several apps when a guest turns out to be someone."""

from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from checkout.holds import merge_holds
from livecommerce.accounts.models import User
from livecommerce.accounts.visitors import (
    COOKIE,
    address_of,
    merge_visitor,
    open_session,
    read_guest_token,
    visitor_of_user,
)
from livecommerce.errors import Refused
from livecommerce.realtime.logins import end_session


class WrongCredentials(Refused):
    """No account has this address and password; which of the two is wrong is not told."""

    code = "session.wrong_credentials"
    status = 401
    message = "E-mail or password is wrong. Check both, or ask for a sign-in code by e-mail."


class TooManyAttempts(Refused):
    code = "session.too_many_attempts"
    status = 429
    message = "Too many wrong passwords. Wait a few minutes, or ask for a sign-in code by e-mail."


class SignInAdapter(DefaultAccountAdapter):
    """allauth's door: after sign-in the guest's holds belong to the user."""

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in, then take over what the guest of this browser holds."""
        guest_id = read_guest_token(request.COOKIES.get(COOKIE, ""))
        super().login(request, user)
        if guest_id is not None:
            take_over_guest(guest_id=guest_id, user=user)

    def logout(self, request: HttpRequest) -> None:
        """Sign out; this browser's open sockets end with it."""
        session_key = request.session.session_key
        super().logout(request)
        if session_key:
            end_session(session_key)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Count attempts by the address that everything else goes by: behind our proxies, the one they wrote."""
        return address_of(request) or "unknown"

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Keep the name that the sign-up form may carry."""
        user.name = form.cleaned_data.get("name", "")[:60]
        saved: User = super().save_user(request, user, form, commit)
        return saved


def sign_in(request: HttpRequest, *, email: str, password: str, now: datetime) -> str:
    """Check a password and give a token; a wrong one counts together with those typed on the sign-in page.

    :raises WrongCredentials: also for an account that is closed.
    :raises TooManyAttempts: at this account, or from this address.
    """
    try:
        user = get_adapter(request).authenticate(request, email=email, password=password)
    except ValidationError as limited:
        raise TooManyAttempts(retry_in=60.0) from limited
    if not isinstance(user, User) or not user.is_active:
        raise WrongCredentials
    return open_session(user=user, now=now)


@transaction.atomic
def take_over_guest(*, guest_id: UUID, user: User) -> None:
    """Make guest and user one person: one transaction over accounts and checkout."""
    guest = merge_visitor(guest_id=guest_id, user=user)
    if guest is not None:
        merge_holds(from_visitor=guest.id, to_visitor=visitor_of_user(user).id, now=timezone.now())
