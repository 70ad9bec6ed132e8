"""Events: durable news for everyone in a show, by noun. Reading this is learning what viewers see happen."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar, Literal

# immediate: shown on receipt. with_picture: shown when the viewer's own picture reaches ``programme_at``.
# server_clock: shown on receipt, its times count on the server's clock.
type Policy = Literal["immediate", "with_picture", "server_clock"]

EVENTS: dict[str, type[Event]] = {}


class News:
    """Anything told to clients: a type and fields that are already JSON-ready."""

    type: ClassVar[str]

    def payload(self) -> dict[str, Any]:
        """Give the fields as they go on the wire."""
        return {name: getattr(self, name) for name in _names(self.__class__)}  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Event(News):
    """Durable news for everyone in a show: numbered, stored, never lost."""

    policy: ClassVar[Policy] = "immediate"
    # Urgent news leave at once and never wait for the tick that joins others.
    urgent: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        EVENTS[cls.type] = cls


@cache
def _names(cls: type[News]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))  # type: ignore[arg-type]


# The show ----------------------------------------


@dataclass(frozen=True, kw_only=True)
class ShowMoved(Event):
    """To everyone in the show: its state moved. Only the four below are sent."""

    type: ClassVar[str] = "show.moved"
    urgent: ClassVar[bool] = True

    state: str
    reason: str | None = None
    # Interrupted: the picture is awaited until then. Ended: what is held stays payable until then.
    until: int | None = None


@dataclass(frozen=True, kw_only=True)
class ShowWentLive(ShowMoved):
    """To everyone in the show, when the host goes live."""

    type: ClassVar[str] = "show.went_live"


@dataclass(frozen=True, kw_only=True)
class ShowInterrupted(ShowMoved):
    """To everyone in the show, when the picture is lost; every clock of the show stands."""

    type: ClassVar[str] = "show.interrupted"


@dataclass(frozen=True, kw_only=True)
class ShowResumed(ShowMoved):
    """To everyone in the show, when the picture is back; every clock goes on where it stood."""

    type: ClassVar[str] = "show.resumed"


@dataclass(frozen=True, kw_only=True)
class ShowEnded(ShowMoved):
    """To everyone in the show, when it is over."""

    type: ClassVar[str] = "show.ended"


del EVENTS["show.moved"]


@dataclass(frozen=True, kw_only=True)
class ItemPinned(Event):
    """To everyone in the show; the card itself is in the state ``pins``."""

    type: ClassVar[str] = "item.pinned"
    policy: ClassVar[Policy] = "with_picture"

    item: int


@dataclass(frozen=True, kw_only=True)
class ItemUnpinned(Event):
    """To everyone in the show."""

    type: ClassVar[str] = "item.unpinned"
    policy: ClassVar[Policy] = "with_picture"

    item: int


# Drops: the drop card says everything, so applying one twice is harmless ----------------------------------------


@dataclass(frozen=True, kw_only=True)
class DropScheduled(Event):
    """To everyone in the show: a drop is announced and counts down on the server's clock."""

    type: ClassVar[str] = "drop.scheduled"
    policy: ClassVar[Policy] = "server_clock"

    drop: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DropOpened(Event):
    """To everyone in the show: units can be held from now on."""

    type: ClassVar[str] = "drop.opened"
    policy: ClassVar[Policy] = "server_clock"
    urgent: ClassVar[bool] = True

    drop: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DropPaused(Event):
    """To everyone in the show: the drop's clock stands, with the reason in the state ``sales`` or ``show``."""

    type: ClassVar[str] = "drop.paused"
    policy: ClassVar[Policy] = "server_clock"
    urgent: ClassVar[bool] = True

    drop: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DropResumed(Event):
    """To everyone in the show: the drop's clock goes on where it stood."""

    type: ClassVar[str] = "drop.resumed"
    policy: ClassVar[Policy] = "server_clock"
    urgent: ClassVar[bool] = True

    drop: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DropSoldOut(Event):
    """To everyone in the show: the last unit is taken; it overtakes whatever waits for the picture."""

    type: ClassVar[str] = "drop.sold_out"
    urgent: ClassVar[bool] = True

    drop: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DropDrawn(Event):
    """To everyone in the show: the lots are drawn, the seed is open; what nobody got is for whoever taps."""

    type: ClassVar[str] = "drop.drawn"
    urgent: ClassVar[bool] = True

    drop: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DropClosed(Event):
    """To everyone in the show: nothing more can be held from this drop."""

    type: ClassVar[str] = "drop.closed"
    urgent: ClassVar[bool] = True

    drop: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class CodeDropped(Event):
    """To everyone in the show: a discount code can be claimed; how many are left is in the state ``code:<id>``."""

    type: ClassVar[str] = "code.dropped"
    policy: ClassVar[Policy] = "with_picture"

    code: dict[str, Any]


# Chat ----------------------------------------


@dataclass(frozen=True, kw_only=True)
class MessagePosted(Event):
    """To everyone in the show. ``key`` is the author's own, so that their client shows the message once."""

    type: ClassVar[str] = "message.posted"

    id: int
    key: str
    author: dict[str, Any]  # {id: public id, name, role: viewer | host | moderator}
    text: str


@dataclass(frozen=True, kw_only=True)
class MessageDeleted(Event):
    """To everyone in the show; its text left the feed. ``message_seq`` is the number it was posted under."""

    type: ClassVar[str] = "message.deleted"
    urgent: ClassVar[bool] = True

    id: int
    message_seq: int
