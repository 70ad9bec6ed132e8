"""Private and Studio news: what one viewer hears of their own holds and orders, and what the host's dashboard hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from livecommerce.realtime.protocol.events import News

PRIVATE_NEWS: dict[str, type[PrivateNews]] = {}
STUDIO_NEWS: dict[str, type[StudioNews]] = {}


@dataclass(frozen=True, kw_only=True)
class PrivateNews(News):
    """News for the sockets of one viewer; what they say can also be read again from ``you`` in a snapshot."""

    def __init_subclass__(cls) -> None:
        PRIVATE_NEWS[cls.type] = cls

    def payload(self) -> dict[str, Any]:
        return {name: value for name, value in super().payload().items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class StudioNews(News):
    """News for the dashboards of one show; never for viewers."""

    def __init_subclass__(cls) -> None:
        STUDIO_NEWS[cls.type] = cls


# To one viewer ----------------------------------------


@dataclass(frozen=True, kw_only=True)
class HoldPlaced(PrivateNews):
    """To the buyer's sockets: units are theirs until the card's ``expires_at``."""

    type: ClassVar[str] = "hold.placed"

    hold: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class HoldExtended(PrivateNews):
    """To the buyer's sockets: also when a pause moved ``expires_at``."""

    type: ClassVar[str] = "hold.extended"

    hold: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class HoldExpired(PrivateNews):
    """To the buyer's sockets: the units went back."""

    type: ClassVar[str] = "hold.expired"

    hold: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class HoldReleased(PrivateNews):
    """To the buyer's sockets: they gave the units back."""

    type: ClassVar[str] = "hold.released"

    hold: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class HoldTaken(PrivateNews):
    """To the buyer's sockets: the hold is part of a paid order."""

    type: ClassVar[str] = "hold.taken"

    hold: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class QueueJoined(PrivateNews):
    """To the buyer's sockets: they stand in the queue of a sold-out drop, first is 1."""

    type: ClassVar[str] = "queue.joined"

    drop: int
    position: int


@dataclass(frozen=True, kw_only=True)
class QueueMoved(PrivateNews):
    """To the buyer's sockets: their position changed."""

    type: ClassVar[str] = "queue.moved"

    drop: int
    position: int


@dataclass(frozen=True, kw_only=True)
class QueueOffered(PrivateNews):
    """To the buyer's sockets: a unit came back and is held for them, until the hold card's ``expires_at``."""

    type: ClassVar[str] = "queue.offered"

    drop: int
    position: int = 0
    hold: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class QueuePassed(PrivateNews):
    """To the buyer's sockets: the offer was not taken in time and went to the next."""

    type: ClassVar[str] = "queue.passed"

    drop: int
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class QueueClosed(PrivateNews):
    """To the buyer's sockets: the drop closed and the queue with it."""

    type: ClassVar[str] = "queue.closed"

    drop: int
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class OrderPaid(PrivateNews):
    """To the buyer's sockets: the money arrived."""

    type: ClassVar[str] = "order.paid"

    order: str
    url: str


@dataclass(frozen=True, kw_only=True)
class ViewerMuted(PrivateNews):
    """To a viewer's sockets: they cannot write in this show until then."""

    type: ClassVar[str] = "viewer.muted"

    show: int
    until: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class ViewerUnmuted(PrivateNews):
    """To a viewer's sockets: they can write in this show again."""

    type: ClassVar[str] = "viewer.unmuted"

    show: int


# To the Studio ----------------------------------------


@dataclass(frozen=True, kw_only=True)
class SaleTicked(StudioNews):
    """To the show's dashboards: one line of the sales ticker. ``kind``: paid, held, declined, released, refunded."""

    type: ClassVar[str] = "sale.ticked"

    kind: str
    text: str
    amount: dict[str, Any] | None = None
    at: int = 0
