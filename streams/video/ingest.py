"""Ingest: the address and key an encoder gets. Rule guarded here: a key is derived, so the database holds no secret."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from streams.models import Ingest, Show, StreamKey

if TYPE_CHECKING:
    from livecommerce.accounts.models import User

_KEY_CHARACTERS = 26


@dataclass(frozen=True)
class EncoderSettings:
    """What the host types into OBS."""

    url: str
    key: str


def encoder_settings(show: Show) -> EncoderSettings:
    """The server address and stream key of a show, for its team only."""
    ingest = Ingest.objects.filter(show=show).first()
    port = ingest.port if ingest and ingest.port else settings.INGEST_PORT
    return EncoderSettings(url=f"rtmp://{settings.INGEST_PUBLIC_HOST}:{port}/live", key=stream_key(show))


def stream_key(show: Show) -> str:
    """The show's valid key: its id and 130 bits that follow from SECRET_KEY and the key's version."""
    version, _ = StreamKey.objects.get_or_create(show=show)
    return f"{show.pk}-{_secret(show.pk, version.version)}"


@transaction.atomic
def rotate_stream_key(*, show: Show, actor: User, now: datetime) -> str:
    """Make the old key worthless, from the next connection on."""
    StreamKey.objects.get_or_create(show=show)
    StreamKey.objects.filter(show=show).update(version=F("version") + 1, rotated_at=now, rotated_by=actor)
    return stream_key(show)


def show_for_key(key: str) -> Show | None:
    """The show this key may publish to now, if any."""
    show_id, _, secret = key.partition("?")[0].partition("-")
    if not show_id.isascii() or not show_id.isdecimal() or len(show_id) > 15:  # noqa: PLR2004
        return None
    show = Show.objects.awaiting_picture().filter(pk=int(show_id)).first()
    if show is None:
        return None
    version = StreamKey.objects.filter(show=show).values_list("version", flat=True).first() or 1
    return show if constant_time_compare(secret, _secret(show.pk, version)) else None


def _secret(show_id: int, version: int) -> str:
    digest = salted_hmac("streams.video.ingest", f"{show_id}:{version}", algorithm="sha256").digest()
    return base64.b32encode(digest).decode().lower()[:_KEY_CHARACTERS]
