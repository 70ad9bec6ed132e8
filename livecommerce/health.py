"""Health: is the process up, may it get traffic, what does it measure."""

from ipaddress import ip_address

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from checkout import alarms
from livecommerce.accounts.visitors import address_of


class _Gate:
    """Whether this process takes new traffic; shut while it drains."""

    open = True


gate = _Gate()


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process does; a restart would not mend a database, so none is asked."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when traffic may come, else 503 with every reason why not."""
    reasons = [reason for check in (_draining, _database, _migrations, _cache) if (reason := check())]
    return JsonResponse({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Give Prometheus its figures, to private addresses only.

    :raises PermissionDenied: asked from a public address, or through a proxy that we were not told of.
    """
    unknown_proxy = not settings.TRUSTED_PROXIES and "X-Forwarded-For" in request.headers
    if unknown_proxy or not _is_private(address_of(request)):
        raise PermissionDenied
    return HttpResponse(generate_latest() + alarms.exposition(), content_type=CONTENT_TYPE_LATEST)


def _is_private(address: str) -> bool:
    try:
        return ip_address(address).is_private
    except ValueError:
        return False


def _draining() -> str:
    return "" if gate.open else "this process is draining"


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:
        return "the database does not answer"
    return ""


def _migrations() -> str:
    if _database():
        return ""
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(pending)} migrations are not applied" if pending else ""


def _cache() -> str:
    if not settings.REDIS_URL:
        return ""
    try:
        cache.get("readyz")
    except Exception:
        return "Redis does not answer"
    return ""
