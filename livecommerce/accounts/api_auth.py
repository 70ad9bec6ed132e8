"""Doors of the API: bearer token, or a browser's cookies with their CSRF token."""

from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from livecommerce.accounts.viewer import Viewer, who_asks
from livecommerce.accounts.visitors import COOKIE
from livecommerce.errors import NotAllowed


class NotFromOurPage(NotAllowed):
    """A browser's cookies came along without the token that only our own pages know."""

    code = "csrf.failed"
    message = "This request did not come from one of our pages. Reload the page and try again."


class BearerToken(HttpBearer):
    """A guest's or a user's token; the middleware has read it already."""

    def authenticate(self, request: HttpRequest, token: str) -> Viewer | None:
        """Return the viewer behind the token, or None."""
        viewer = who_asks(request)
        return viewer if viewer.visitor_id else None


class BrowserCookies(APIKeyCookie):
    """The session, or the visitor cookie of a guest."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self) -> None:
        # Checked below: ninja's own check would tell a client without any cookie to mind its CSRF token.
        super().__init__(csrf=False)

    def authenticate(self, request: HttpRequest, key: str | None) -> Viewer | None:
        """Return the viewer of the session or of the visitor cookie.

        :raises NotFromOurPage: the CSRF token is missing or wrong.
        """
        if key is None and COOKIE not in request.COOKIES:
            return None
        if check_csrf(request):
            raise NotFromOurPage
        viewer = who_asks(request)
        return viewer if viewer.visitor_id else None


# Somebody with an identity: a guest will do. Who may do what is the verb's business.
KNOWN_VIEWER = [BearerToken(), BrowserCookies()]
# No identity needed, none used: reading, and getting an identity.
ANYONE = None
