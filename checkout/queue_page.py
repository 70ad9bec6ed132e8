"""The queue of a sold-out drop from plain forms: the show's card says where one stands, the bag why one does not."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from checkout.guest_checks import work_of
from checkout.queue import join_queue, leave_queue
from livecommerce.accounts.viewer import who_asks
from livecommerce.accounts.visitors import ensure_visitor, require_visitor
from livecommerce.clock import database_now
from livecommerce.errors import Refused
from streams.models import Drop, Show


@require_POST
def join(request: HttpRequest, drop_id: int) -> HttpResponse:
    """Stand in line, then go back to the show."""
    # A plain form does no sums, so a drop that checks guests asks these to sign in.
    work = work_of(who_asks(request), "")

    def join_line(buyer: UUID, now: datetime) -> None:
        join_queue(drop_id=drop_id, buyer_id=buyer, work=work, now=now)

    return _in_line(request, drop_id, join_line)


@require_POST
def leave(request: HttpRequest, drop_id: int) -> HttpResponse:
    """Give the place up, then go back to the show."""
    return _in_line(request, drop_id, lambda buyer, now: leave_queue(drop_id=drop_id, buyer_id=buyer, now=now))


def _in_line(request: HttpRequest, drop_id: int, act: Callable[[UUID, datetime], Any]) -> HttpResponse:
    buyer = require_visitor(ensure_visitor(request))
    drop = get_object_or_404(Drop.objects.select_related("show"), pk=drop_id)
    if not Show.objects.public().filter(pk=drop.show_id).exists():
        raise Http404
    try:
        act(buyer, database_now())
    except Refused as refused:
        messages.warning(request, refused.message)
        return redirect("cart")
    return redirect(drop.show)
