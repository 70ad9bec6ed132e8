"""The wire, once: every event the server tells and every command a client sends.

Reading this file top to bottom is learning what the product does live. ``static/js/protocol.js`` is its twin and a test
compares the two. Names are snake_case, ids are integers, moments are integer milliseconds since 1970 and money is
``{"amount": minor units, "currency": "EUR"}``.

Three audiences: an ``Event`` goes to everyone in a show through its numbered feed, ``PrivateNews`` to the sockets of
one viewer, ``StudioNews`` to the host's dashboards of one show.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from livecommerce.errors import Refused

# immediate: shown on receipt. with_picture: shown when the viewer's own picture reaches ``programme_at``.
# server_clock: shown on receipt, its times count on the server's clock.
type Policy = Literal["immediate", "with_picture", "server_clock"]

FRAME_BYTES = 4096
BEAT_EVERY = 10
RECENT_EVENTS = 50
RESUME_EVENTS = 300
RESUME_SECONDS = 120

CLOSE_RESTARTING = 1012
CLOSE_TOO_LARGE = 1009
CLOSE_SIGN_IN = 4001
CLOSE_BANNED = 4003
CLOSE_TOO_SLOW = 4008
CLOSE_TOO_MANY = 4029

EVENTS: dict[str, type[Event]] = {}
PRIVATE_NEWS: dict[str, type[PrivateNews]] = {}
STUDIO_NEWS: dict[str, type[StudioNews]] = {}
COMMANDS: dict[str, type[Command]] = {}


class UnknownCommand(Refused):
    """The frame names no command, or one this show does not take."""

    code = "command.unknown"
    status = 400
    message = "This is not something a viewer can do here. Check the command's name."


class BadCommand(Refused):
    """The command lacks a field, has one too many, or one of the wrong type."""

    code = "command.invalid"
    status = 400
    message = "Some fields are missing or wrong. Nothing was changed; correct them and send it again."


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
class DropClosed(Event):
    """To everyone in the show: nothing more can be held from this drop."""

    type: ClassVar[str] = "drop.closed"
    urgent: ClassVar[bool] = True

    drop: dict[str, Any]


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


# To the Studio ----------------------------------------


@dataclass(frozen=True, kw_only=True)
class SaleTicked(StudioNews):
    """To the show's dashboards: one line of the sales ticker. ``kind``: paid, held, declined, released, refunded."""

    type: ClassVar[str] = "sale.ticked"

    kind: str
    text: str
    amount: dict[str, Any] | None = None
    at: int = 0


# Commands ----------------------------------------


@dataclass(frozen=True, kw_only=True)
class Command:
    """What a client asks; ``id`` on the frame names the reply and is no field."""

    type: ClassVar[str]

    def __init_subclass__(cls) -> None:
        COMMANDS[cls.type] = cls


@dataclass(frozen=True, kw_only=True)
class Hello(Command):
    """Ask for everything after ``seq``: answered by ``resumed`` with all of it, or by ``snapshot``."""

    type: ClassVar[str] = "hello"

    epoch: str
    seq: int


@dataclass(frozen=True, kw_only=True)
class Clock(Command):
    """Probe the server's clock; ``c0`` comes back untouched."""

    type: ClassVar[str] = "clock"

    c0: float


@dataclass(frozen=True, kw_only=True)
class Beat(Command):
    """Tell that the viewer is there, how far they read and how their picture runs. No reply."""

    type: ClassVar[str] = "beat"

    seq: int
    programme_at: int | None = None
    behind_ms: int | None = None
    stalls: int = 0
    hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class PostMessage(Command):
    type: ClassVar[str] = "message.post"

    text: str
    key: str
    seen_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class SendReaction(Command):
    type: ClassVar[str] = "reaction.send"

    emoji: str
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class PlaceHold(Command):
    """Of a drop with several variants, both name the unit; else one of the two does."""

    type: ClassVar[str] = "hold.place"

    drop: int | None = None
    variant: int | None = None
    quantity: int = 1
    key: str


@dataclass(frozen=True, kw_only=True)
class ExtendHold(Command):
    type: ClassVar[str] = "hold.extend"

    hold: int


@dataclass(frozen=True, kw_only=True)
class ReleaseHold(Command):
    type: ClassVar[str] = "hold.release"

    hold: int


@dataclass(frozen=True, kw_only=True)
class JoinQueue(Command):
    type: ClassVar[str] = "queue.join"

    drop: int
    variant: int | None = None


@dataclass(frozen=True, kw_only=True)
class LeaveQueue(Command):
    type: ClassVar[str] = "queue.leave"

    drop: int


def parse_command(frame: Mapping[str, Any]) -> Command:
    """Turn a decoded frame into its command.

    :raises UnknownCommand: no such type.
    :raises BadCommand: with one sentence per wrong field in ``fields``.
    """
    name = frame.get("type")
    command = COMMANDS.get(name) if isinstance(name, str) else None
    if command is None:
        raise UnknownCommand
    wanted = _shape(command)  # type: ignore[arg-type]
    wrong = {key: "There is no such field." for key in frame if key not in wanted and key not in {"type", "id"}}
    values: dict[str, Any] = {}
    for key, (kinds, required) in wanted.items():
        if key not in frame:
            if required:
                wrong[key] = "This field is needed."
        elif _fits(frame[key], kinds):
            values[key] = frame[key]
        else:
            wrong[key] = "This must be " + " or ".join(_WORDS[kind] for kind in kinds) + "."
    if wrong:
        raise BadCommand(fields=wrong)
    return command(**values)


_WORDS: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text of at most 1,000 characters",
    bool: "true or false",
    types.NoneType: "null",
}
_TEXT_LIMIT = 1000
_INTEGER_LIMIT = 2**53  # What a JavaScript number holds; the database's bigint is wider.


@cache
def _shape(command: type[Command]) -> dict[str, tuple[tuple[type, ...], bool]]:
    hints = get_type_hints(command)
    shape = {}
    for field in fields(command):
        hint = hints[field.name]
        kinds = get_args(hint) if get_origin(hint) in (types.UnionType, Union) else (hint,)
        shape[field.name] = (kinds, field.default is MISSING)
    return shape


def _fits(value: object, kinds: tuple[type, ...]) -> bool:
    for kind in kinds:
        if kind is int and type(value) is int and abs(value) < _INTEGER_LIMIT:
            return True
        if kind is float and type(value) in (int, float):
            return True
        if kind is str and type(value) is str and len(value) <= _TEXT_LIMIT:
            return True
        if kind in (bool, types.NoneType) and type(value) is kind:
            return True
    return False
