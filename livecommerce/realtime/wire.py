"""Wires: the last step to one client. A frame is built once and written to every socket as the same bytes.

ASGI's ``send`` costs a coroutine, a dictionary, an encoding and a framing per viewer. On Daphne the framed bytes go
straight to the connection instead, which also tells how much of them the client has not taken: ASGI hides both. Any
other server is served through ``send`` alone, with the same behaviour but for the figure of what is waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

from livecommerce.realtime.protocol import FRAME_BYTES

type Send = Callable[[Any], Awaitable[None]]

# The kernel keeps this much for a client that does not read; without a bound it grows to megabytes for each.
_KERNEL_BUFFER = 64 * 1024
_TEXT_FRAME = 0x81
_ONE_BYTE, _TWO_BYTES = 125, 65535
_REASON_BYTES = 120
_OPEN = 3  # autobahn's WebSocketProtocol.STATE_OPEN


class Frame:
    """One text message, framed once (RFC 6455 5.2: final, text, not masked)."""

    __slots__ = ("framed", "payload")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        size = len(payload)
        if size <= _ONE_BYTE:
            head = struct.pack("!BB", _TEXT_FRAME, size)
        elif size <= _TWO_BYTES:
            head = struct.pack("!BBH", _TEXT_FRAME, 126, size)
        else:
            head = struct.pack("!BBQ", _TEXT_FRAME, 127, size)
        self.framed = head + payload


class AsgiWire:
    """A client behind any ASGI server."""

    __slots__ = ("_queue", "_send", "_writer")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: list[dict[str, Any]] = []
        self._writer: asyncio.Task[None] | None = None

    def write(self, frame: Frame) -> int:
        """Send a frame, after those before it; return how many bytes wait."""
        self._put({"type": "websocket.send", "text": frame.payload.decode()})
        return 0

    def waiting(self) -> int:
        """Return how many bytes the client has not taken, as far as this server tells."""
        return 0

    def close(self, code: int, reason: str = "") -> None:
        """Close with a code, after what is queued."""
        self._put({"type": "websocket.close", "code": code, "reason": _short(reason)})

    def abort(self) -> None:
        """Drop the connection without waiting for the client."""
        self.close(1011)

    def _put(self, message: dict[str, Any]) -> None:
        self._queue.append(message)
        if self._writer is None or self._writer.done():
            # Started eagerly: a server that does not suspend gets the message within this call.
            self._writer = asyncio.Task(self._drain(), loop=asyncio.get_running_loop(), eager_start=True)

    async def _drain(self) -> None:
        while self._queue:
            message = self._queue.pop(0)
            # The client left; the receiving side hears of it and tidies up.
            with contextlib.suppress(Exception):
                await self._send(message)


class DaphneWire:
    """A client behind Daphne: its connection, without the way there."""

    __slots__ = ("_protocol", "_transport")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        # Checked by autobahn while it reads, so that a large frame is never collected first.
        protocol.maxFramePayloadSize = FRAME_BYTES
        protocol.maxMessagePayloadSize = FRAME_BYTES
        protocol.failByDrop = False
        with contextlib.suppress(OSError, AttributeError):
            self._transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)

    def write(self, frame: Frame) -> int:
        """Send a frame now if nothing waits before it; return how many bytes wait."""
        transport = self._transport
        if self._protocol.state != _OPEN or not transport.connected:
            return 0
        if transport.dataBuffer or transport._tempDataLen:
            transport.write(frame.framed)
            return self.waiting()
        try:
            sent = transport.socket.send(frame.framed)
        except BlockingIOError:
            sent = 0
        except OSError:
            return 0  # The reactor reads the same news and closes.
        if sent < len(frame.framed):
            transport.write(frame.framed[sent:])
            return len(frame.framed) - int(sent)
        return 0

    def waiting(self) -> int:
        """Return how many bytes the client has not taken."""
        transport = self._transport
        waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
        return waiting

    def close(self, code: int, reason: str = "") -> None:
        """Close with a code, after what is queued."""
        if self._protocol.state == _OPEN:
            # Not `sendClose`: that one takes an application's codes only, and 1009 and 1012 are the protocol's own.
            self._protocol.sendCloseFrame(code=code, reasonUtf8=_short(reason).encode(), isReply=False)

    def abort(self) -> None:
        """Drop the connection without waiting for the client."""
        self._transport.abortConnection()


def _short(reason: str) -> str:
    """Cut a reason to what a close frame takes, never inside a letter."""
    return reason.encode()[:_REASON_BYTES].decode(errors="ignore")


type Wire = AsgiWire | DaphneWire


def wire_for(send: Send) -> Wire:
    """Return the shortest way to the client behind an ASGI ``send``. Call it after the socket was accepted."""
    protocol = next(iter(getattr(send, "args", ())), None)
    transport = getattr(protocol, "transport", None)
    if getattr(protocol, "sendClose", None) and hasattr(transport, "_tempDataLen") and hasattr(transport, "socket"):
        return DaphneWire(protocol)
    return AsgiWire(send)
