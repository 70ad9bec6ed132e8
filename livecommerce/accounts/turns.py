"""Turns: writes under the API are counted like the socket's commands, from the same buckets of viewer and address."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from livecommerce.accounts.viewer import who_asks
from livecommerce.realtime.limits import TooMany, take_turn

_READS = {"GET", "HEAD", "OPTIONS"}


class TurnsMiddleware:
    """Refuse the write of whoever has had too many turns; before anything is read or locked for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or say when to come back."""
        if request.path.startswith("/api/") and request.method not in _READS:
            viewer = who_asks(request)
            try:
                take_turn(viewer.visitor_id, viewer.address)
            except TooMany as refused:
                wait = str(max(1, round(refused.retry_in or 0)))
                return JsonResponse({"error": refused.wire()}, status=refused.status, headers={"Retry-After": wait})
        return self.get_response(request)
