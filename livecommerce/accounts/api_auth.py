"""Doors of the API: bearer token, or a browser's cookies with their CSRF token."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer

from livecommerce.accounts.viewer import Viewer


class BearerToken(HttpBearer):
    """A guest's or a user's token; the middleware has read it already."""

    def authenticate(self, request: HttpRequest, token: str) -> Viewer | None:
        """Return the viewer behind the token, or None."""
        viewer: Viewer = request.viewer
        return viewer if viewer.visitor_id else None


class _AnyCookie(APIKeyCookie):
    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self, *, everyone: bool = False) -> None:
        self.everyone = everyone
        super().__init__(csrf=True)

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        """Return the viewer of the session or of the visitor cookie; CSRF was checked on the way."""
        viewer: Viewer = request.viewer
        return viewer if self.everyone or viewer.visitor_id else None


# Somebody with an identity: a guest will do. Who may do what is the verb's business.
KNOWN_VIEWER = [BearerToken(), _AnyCookie()]
# No identity needed, none used: reading, and getting an identity.
ANYONE = None
