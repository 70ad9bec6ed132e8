"""Gives each request its viewer, and new guests their cookie."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from livecommerce.accounts.visitors import set_cookie, viewer_of


class ViewerMiddleware:
    """Set `request.viewer`, found only when somebody looks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; set the cookie when a view made a guest."""
        request.viewer = SimpleLazyObject(lambda: viewer_of(request))  # type: ignore[attr-defined]
        response = self.get_response(request)
        token = getattr(request, "new_visitor_token", None)
        if token:
            set_cookie(response, token)
        return response
