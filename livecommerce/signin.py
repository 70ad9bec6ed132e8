"""Sign-in: what happens in several apps when a guest turns out to be someone."""

from typing import Any
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from checkout.holds import merge_holds
from livecommerce.accounts.models import User
from livecommerce.accounts.visitors import COOKIE, merge_visitor, read_guest_token, visitor_of_user
from livecommerce.realtime.logins import end_session


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

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Keep the name that the sign-up form may carry."""
        user.name = form.cleaned_data.get("name", "")[:60]
        saved: User = super().save_user(request, user, form, commit)
        return saved


@transaction.atomic
def take_over_guest(*, guest_id: UUID, user: User) -> None:
    """Make guest and user one person: one transaction over accounts and checkout."""
    guest = merge_visitor(guest_id=guest_id, user=user)
    if guest is not None:
        merge_holds(from_visitor=guest.id, to_visitor=visitor_of_user(user).id, now=timezone.now())
