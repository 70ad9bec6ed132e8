"""Idempotency keys of the API. Rule guarded here: the same key from the same asker has one effect and one answer."""

from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from livecommerce.accounts.models import KeptAnswer
from livecommerce.accounts.viewer import who_asks
from livecommerce.errors import Refused

LIFETIME = timedelta(days=1)
# Refusals that may be another answer in a second.
_FOR_A_MOMENT = {401, 429, *range(500, 600)}
# Answers that hold a token are not written down.
_TOKEN_PATHS = ("/api/v1/sessions", "/api/v1/visitors")
# A first request that died without an answer frees its key after this time.
ABANDONED = timedelta(minutes=1)


class KeyReused(Refused):
    """The key was used for another request."""

    code = "idempotency.key_reused"
    status = 422
    message = "This Idempotency-Key belongs to another request. Use a new key for a new request."


class StillRunning(Refused):
    """The first request with this key has not been answered yet."""

    code = "idempotency.still_running"
    message = "The first request with this key is still running. Ask again in a second."


class KeptAnswerMiddleware:
    """Replay kept answers for writes under the API that carry an `Idempotency-Key`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer from what was kept, or answer and keep; refusals for a moment (429, 5xx) are not kept."""
        key = request.headers.get("Idempotency-Key", "")
        if not key or not _keeps_answers(request):
            return self.get_response(request)
        try:
            kept, first = _claim(request, key[:255])
        except Refused as refused:
            return JsonResponse({"error": refused.wire()}, status=refused.status)
        if not first:
            return HttpResponse(bytes(kept.body), status=kept.status, content_type=kept.content_type)
        response = self.get_response(request)
        if response.status_code in _FOR_A_MOMENT:
            kept.delete()
        else:
            kept.status, kept.body = response.status_code, response.content
            kept.content_type = response.headers.get("Content-Type", "application/json")
            kept.save(update_fields=["status", "body", "content_type"])
        return response


def _keeps_answers(request: HttpRequest) -> bool:
    writes = request.method in {"POST", "DELETE"}
    return writes and request.path.startswith("/api/") and not request.path.startswith(_TOKEN_PATHS)


def _claim(request: HttpRequest, key: str) -> tuple[KeptAnswer, bool]:
    viewer = who_asks(request)
    asker = f"{viewer.visitor_id or viewer.address}"
    # Keyed: a body may hold a card number, and a plain hash of one is found by trying them all.
    asked = f"{request.method} {request.path}\n".encode() + request.body
    fingerprint = salted_hmac("kept answer", asked, algorithm="sha256").hexdigest()
    now = timezone.now()
    KeptAnswer.objects.filter(asker=asker, key=key, status=None, at__lt=now - ABANDONED).delete()
    try:
        # The unique constraint decides who is first; its own savepoint, for a request may already be in a transaction.
        with transaction.atomic():
            return KeptAnswer.objects.create(asker=asker, key=key, request_hash=fingerprint, at=now), True
    except IntegrityError:
        kept = KeptAnswer.objects.filter(asker=asker, key=key).first()
    if kept is None or kept.status is None:
        raise StillRunning(retry_in=1.0)
    if kept.request_hash != fingerprint:
        raise KeyReused
    return kept, False


def forget_old_answers() -> int:
    """Delete what is older than a day; return how many."""
    return KeptAnswer.objects.filter(at__lt=timezone.now() - LIFETIME).delete()[0]
