"""Dismissals: sockets that have to end now, wherever they are, with the words they end with.

Rule guarded here: who loses the right to watch loses the open sockets too, at once; and because the way to the other
processes may lose a message, whoever decides also asks again every few seconds (`streams/bans.py`, `signins.py`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self
from uuid import UUID

from django.db import transaction

from livecommerce.realtime import roads


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissal:
    """What has to match is set: a room, a visitor, a sign-in; ``code`` and ``message`` are what the client is told."""

    code: int
    message: str
    room: int | None = None
    visitor: UUID | None = None
    login: str | None = None

    def pack(self) -> dict[str, Any]:
        """Give a form that every channel layer carries."""
        return {**asdict(self), "visitor": self.visitor.hex if self.visitor else None}

    @classmethod
    def unpack(cls, packed: dict[str, Any]) -> Self:
        """Read what another process packed."""
        return cls(**{**packed, "visitor": UUID(hex=packed["visitor"]) if packed["visitor"] else None})


def dismiss(dismissal: Dismissal) -> None:
    """End every socket that matches, after the commit of the verb that decided it."""
    transaction.on_commit(lambda: roads.to_doors(dismissal), robust=True)
