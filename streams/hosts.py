"""Hosts: the public faces. The rule guarded here: one account has one host profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from livecommerce.errors import NotFound
from streams.models import Host, Show

if TYPE_CHECKING:
    from catalog.models import Brand
    from livecommerce.accounts.models import User


class HostNotFound(NotFound):
    code = "host.not_found"
    message = "There is no such host."


@transaction.atomic
def introduce_host(*, user: User, handle: str, name: str, brand: Brand | None = None, **more: Any) -> Host:
    """Give an account its profile. `more` takes bio, city, portrait and art."""
    return Host.objects.create(user=user, handle=handle, name=name, brand=brand, **more)


def host_by_handle(handle: str) -> Host:
    """The profile behind a public address.

    :raises HostNotFound: no such handle, or the host is not listed.
    """
    host = Host.objects.listed().select_related("brand").filter(handle=handle).first()
    if host is None:
        raise HostNotFound
    return host


def shows_of(host: Host) -> tuple[list[Show], list[Show]]:
    """A host's shows to come (what is on air first) and those that are over."""
    shows = list(Show.objects.public().with_people().filter(host=host).order_by("starts_at"))
    ahead = [show for show in shows if show.is_on_air] + [show for show in shows if show.is_upcoming]
    return ahead, [show for show in reversed(shows) if show.is_past]
