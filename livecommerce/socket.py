"""ShowSocket, the only websocket of the watch page: identify, join, dispatch commands, nothing else.

It is a bare ASGI application and not a Channels consumer: those ask for a channel of their own per viewer, wake two
tasks per message and hop to a thread before each. Here a frame costs the loop one wake-up, and what a batch decides
costs a thread once for all who asked together.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from django.conf import settings

import chat.live
import checkout.live
from livecommerce.accounts.viewer import Viewer
from livecommerce.errors import NotFound, Refused
from livecommerce.health import gate
from livecommerce.realtime import doorway, hub, logins
from livecommerce.realtime.batch import Busy, in_thread
from livecommerce.realtime.limits import Buckets, Caps, Rate, TooMany, take_turn
from livecommerce.realtime.protocol import (
    CLOSE_BANNED,
    CLOSE_SIGN_IN,
    CLOSE_TOO_LARGE,
    CLOSE_TOO_MANY,
    CLOSE_TOO_SLOW,
    FRAME_BYTES,
    Beat,
    Clock,
    Command,
    Hello,
    UnknownCommand,
    parse_command,
)
from livecommerce.realtime.room import Room, Seat
from livecommerce.realtime.wire import Frame, wire_for
from livecommerce.snapshot import Promises, promises, room_source, you_wire
from streams import bans, presence
from streams.shows import role_in, show_for_viewer

logger = logging.getLogger(__name__)

COMMANDS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {**chat.live.COMMANDS, **checkout.live.COMMANDS}

hub.Hub.source = room_source
hub.Hub.company = [presence.count_forever, bans.watch_forever, logins.watch_forever]

_KNOCKS = Buckets(Rate(burst=200, per_second=50))
# Refusals are answered for a while; who goes on is shown the door.
_PATIENCE = Buckets(Rate(burst=20, per_second=1))
_SOCKETS_PER_VIEWER = Caps(20)
_SOCKETS_PER_ADDRESS = Caps(1000)
_COMMANDS_AT_ONCE = 16
_DOORS_SECONDS = 2.0
_DOORS_KEPT = 1000
_NAME_LENGTH = 64


class BadFrame(Refused):
    """Not one JSON object as text."""

    code = "frame.invalid"
    status = 400
    message = "Send one JSON object per text frame, with a type."


class SignInAgain(Refused):
    """The token is wrong or has run out."""

    code = "sign_in_needed"
    status = 401
    message = "Sign in again, or get a new guest identity."


class ShowSocket:
    """One connection of one viewer to one show."""

    def __init__(self, viewer: Viewer, show_id: int, role: str, room: Room, seat: Seat) -> None:
        self._viewer = viewer
        self._show_id = show_id
        self._role = role
        self._room = room
        self._seat = seat
        self._key = viewer.visitor_id or id(self)
        self._running: set[asyncio.Task[None]] = set()

    async def greet(self) -> None:
        """Sit down and get the room as it is, in one step of the loop: nothing can happen between the two."""
        you = await self._you()
        if you is not None:
            self._seat.wire.write(self._room.greet(b"welcome", you))
            hub.here().seat(self._room, self._seat)

    def hear(self, message: dict[str, Any]) -> None:
        """Take one frame; every answer follows by itself."""
        if self._seat.dismissed:
            return
        self._seat.heard_at = time.monotonic()
        text, reply = message.get("text"), None
        if len(text or message.get("bytes") or "") > FRAME_BYTES:
            self._close(CLOSE_TOO_LARGE, "A frame has at most 4 KB.")
            return
        try:
            frame = _decode(text)
            reply = _reply_name(frame.get("id"))
            take_turn(self._key, self._viewer.address)
            self._obey(parse_command(frame), reply)
        except Refused as refused:
            self._refuse(reply, refused)
            if settings.RATE_LIMITS and _PATIENCE.take(self._key):
                self._close(CLOSE_TOO_MANY, "Too many frames were refused.")

    def leave(self) -> None:
        """Give the seat up. What was asked is still decided; only nobody hears the answer."""
        hub.here().leave(self._room, self._seat)

    def _obey(self, command: Command, reply: Any) -> None:
        if isinstance(command, Clock):
            now = time.time_ns() // 1_000_000
            self._send({"clock": {"c0": command.c0, "s1": now, "s2": time.time_ns() // 1_000_000}})
        elif isinstance(command, Beat):
            self._beat(command)
        elif isinstance(command, Hello):
            self._start(self._resume(command))
        elif command.type not in COMMANDS:
            raise UnknownCommand
        elif len(self._running) >= _COMMANDS_AT_ONCE:
            raise Busy(retry_in=1.0)
        else:
            self._start(self._dispatch(command, reply))

    def _start(self, work: Any) -> None:
        # Eager: commands of one viewer reach their batch in the order they were sent.
        task = asyncio.Task(work, loop=asyncio.get_running_loop(), eager_start=True)
        if not task.done():
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _dispatch(self, command: Command, reply: Any) -> None:
        try:
            answer = await COMMANDS[command.type](self._viewer, self._show_id, command)
            self._send({"reply": reply, "ok": answer})
        except Refused as refused:
            self._refuse(reply, refused)
        except Exception:
            logger.exception("%s failed", command.type)
            self._refuse(reply, Refused("Something broke on our side. Nothing was lost; try again.", retry_in=2.0))

    async def _resume(self, hello: Hello) -> None:
        you = await self._you()
        if you is not None:
            self._seat.slow_since, self._seat.lags = None, 0
            self._seat.wire.write(self._room.answer_hello(hello.epoch, hello.seq, you))

    async def _you(self) -> bytes | None:
        """Give who this is and what is promised to them; None if they were just sent out instead."""
        mine = None
        if self._viewer.visitor_id is not None:
            try:
                mine = await promises.ask("you", self._viewer.visitor_id)
            except Exception:
                # The show goes on; null says that what was promised is not known, never that there is nothing.
                logger.exception("promises were not read")
                mine = Promises(holds=None, queue=None)
        if mine is not None and (ban := mine.bans.get(self._show_id)):
            self._close(CLOSE_BANNED, ban.message)
            return None
        return orjson.dumps(you_wire(self._viewer, self._role, mine, show_id=self._show_id))

    def _beat(self, beat: Beat) -> None:
        seat = self._seat
        seat.hidden = beat.hidden
        presence.hear_beat(self._show_id, behind_ms=beat.behind_ms, stalls=beat.stalls, hidden=beat.hidden)
        if not self._room.lags(beat.seq):
            seat.slow_since, seat.lags = None, 0
            return
        seat.lags += 1
        seat.slow_since = seat.slow_since or time.monotonic()
        if seat.lags > 1:
            self._close(CLOSE_TOO_SLOW, "You are too far behind; connect again to catch up.")

    def _refuse(self, reply: Any, refused: Refused) -> None:
        self._send({"reply": reply, "error": refused.wire()})

    def _send(self, answer: dict[str, Any]) -> None:
        self._seat.wire.write(Frame(orjson.dumps(answer)))

    def _close(self, code: int, why: str) -> None:
        hub.here().dismiss(self._room, self._seat, code, why)


async def show_socket(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Any) -> None:
    """Serve one websocket at ``/ws/shows/<slug>/``."""
    await receive()  # websocket.connect
    knock = doorway.read_knock(scope)
    if not gate.open or not doorway.is_welcome(knock) or not _may_enter(knock.address):
        await send({"type": "websocket.close", "code": CLOSE_TOO_MANY})
        return
    try:
        await _serve(scope["url_route"]["kwargs"]["slug"], knock, receive, send)
    finally:
        _SOCKETS_PER_ADDRESS.leave(knock.address)


async def _serve(slug: str, knock: doorway.Knock, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
    viewer = await doorway.viewer_of(knock)
    if viewer is None:
        await _turn_away(send, CLOSE_SIGN_IN, SignInAgain())
        return
    try:
        show_id, role = await _enter(slug, viewer)
    except NotFound:
        await send({"type": "websocket.close", "code": 1000})
        return
    # Someone without an identity is counted by address alone.
    key = viewer.visitor_id or id(knock)
    if not _SOCKETS_PER_VIEWER.enter(key):
        await _turn_away(send, CLOSE_TOO_MANY, TooMany("You have this show open too often. Close some tabs."))
        return
    room = await hub.here().open(show_id)
    await send({"type": "websocket.accept"})
    seat = Seat(
        wire=wire_for(send),
        visitor_id=viewer.visitor_id,
        studio=role != "viewer",
        heard_at=time.monotonic(),
        login=logins.login_of(viewer.user_id, session=knock.session, token=knock.token),
    )
    here = ShowSocket(viewer, show_id, role, room, seat)
    try:
        await here.greet()
        while (message := await receive())["type"] == "websocket.receive":
            here.hear(message)
    finally:
        here.leave()
        _SOCKETS_PER_VIEWER.leave(key)


async def _turn_away(send: Any, code: int, refused: Refused) -> None:
    """Say why, in a last message: a browser cannot read why a handshake was refused."""
    await send({"type": "websocket.accept"})
    bye = {"bye": {"code": code, "message": refused.message}}
    await send({"type": "websocket.send", "text": orjson.dumps(bye).decode()})
    await send({"type": "websocket.close", "code": code, "reason": refused.code})


def _may_enter(address: str) -> bool:
    if not settings.RATE_LIMITS:
        return True
    return not _KNOCKS.take(address) and _SOCKETS_PER_ADDRESS.enter(address)


# slug -> (until, its id): what any guest may know, so that thousands who come at once ask once.
_doors: dict[str, tuple[float, asyncio.Task[tuple[int, str]]]] = {}


async def _enter(slug: str, viewer: Viewer) -> tuple[int, str]:
    """Return the show's id and the viewer's role in it.

    :raises NotFound: no such show for this viewer.
    """
    if viewer.signed_in:
        return await in_thread(_role_of, slug, viewer)
    now = time.monotonic()
    door = _doors.get(slug)
    if door is None or door[0] < now or door[1].get_loop() is not asyncio.get_running_loop():
        if len(_doors) > _DOORS_KEPT:
            _doors.clear()
        door = _doors[slug] = (now + _DOORS_SECONDS, asyncio.ensure_future(in_thread(_role_of, slug, Viewer())))
    return await asyncio.shield(door[1])


def _role_of(slug: str, viewer: Viewer) -> tuple[int, str]:
    show = show_for_viewer(slug, viewer)
    return show.pk, role_in(show, viewer)


def _decode(text: str | None) -> dict[str, Any]:
    try:
        frame = orjson.loads(text or "")
    except orjson.JSONDecodeError as error:
        raise BadFrame from error
    if not isinstance(frame, dict):
        raise BadFrame
    return frame


def _reply_name(name: Any) -> str | int | None:
    if isinstance(name, str) and len(name) <= _NAME_LENGTH:
        return name
    return name if type(name) is int else None
