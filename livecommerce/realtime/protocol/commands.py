"""Commands: what a client asks, and how a frame is read. Rule guarded here: what is wrong gets an answer in words."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

from livecommerce.errors import Refused

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
    work: str = ""


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
    work: str = ""


@dataclass(frozen=True, kw_only=True)
class LeaveQueue(Command):
    type: ClassVar[str] = "queue.leave"

    drop: int


@dataclass(frozen=True, kw_only=True)
class ClaimCode(Command):
    """Put a discount code of the show's brand into the bag."""

    type: ClassVar[str] = "code.claim"

    code: str


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
