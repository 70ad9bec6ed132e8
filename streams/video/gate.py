"""The gate: where encoders knock. One port for all shows; without the show's key nothing is read.

The rule guarded here: a publisher proves its key before the first picture, a show has one publisher (the newest wins,
which cures the ghost of a phone that changed its network), and silence or garbage is cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from streams.video import rtmp
from streams.video.rtmp import BadRtmp, ChunkReader, Message

PUBLISH_WITHIN = 10.0
IDLE_AFTER = 10.0
SESSIONS_PER_ADDRESS = 32
READ_BYTES = 65_536
ACKNOWLEDGE_EVERY = 2_500_000

log = structlog.get_logger(__name__)


class Receiver(Protocol):
    """What takes the messages of one publisher."""

    @property
    def is_over(self) -> bool: ...

    def receive(self, message: Message) -> None: ...

    async def left(self) -> None: ...


# Gives the receiver for a stream key, or None to refuse it.
Admit = Callable[[str], Awaitable[Receiver | None]]


class Gate:
    """An RTMP server that only takes in."""

    def __init__(self, admit: Admit) -> None:
        self._admit = admit
        self._server: asyncio.Server | None = None
        self._knocking: Counter[str] = Counter()
        self._sessions: set[asyncio.Task[None]] = set()

    async def open(self, *, host: str, port: int) -> int:
        """Listen; return the port (any free one, if the wished one is taken or 0)."""
        try:
            self._server = await asyncio.start_server(self._meet, host, port)
        except OSError:
            log.warning("ingest_port_taken", port=port)
            self._server = await asyncio.start_server(self._meet, host, 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and send everyone away."""
        if self._server:
            self._server.close()
        for session in list(self._sessions):
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str((writer.get_extra_info("peername") or ["?"])[0])
        task = asyncio.current_task()
        if task:
            self._sessions.add(task)
        self._knocking[address] += 1
        try:
            if self._knocking[address] <= SESSIONS_PER_ADDRESS:
                await _Session(reader, writer, self._admit).run()
        except BadRtmp as reason:
            log.warning("ingest_refused", address=address, reason=str(reason))
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            # The server is closing: nobody waits for this task's end but close(), which wants no exception.
            pass
        finally:
            self._knocking[address] -= 1
            if task:
                self._sessions.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(writer.wait_closed(), 1)


class _Session:
    """One encoder, from its handshake to its end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, admit: Admit) -> None:
        self._reader, self._writer, self._admit = reader, writer, admit
        self._receiver: Receiver | None = None
        self._received = self._acknowledged = 0
        self._over = False

    async def run(self) -> None:
        try:
            async with asyncio.timeout(PUBLISH_WITHIN) as patience:
                hello = await self._reader.readexactly(1 + rtmp.HANDSHAKE)
                self._writer.write(rtmp.answer_handshake(hello))
                await self._reader.readexactly(rtmp.HANDSHAKE)
                await self._listen(patience)
        finally:
            if self._receiver:
                # Also when this session is cancelled: the last part has to be written.
                await asyncio.shield(self._receiver.left())

    async def _listen(self, patience: asyncio.Timeout) -> None:
        chunks = ChunkReader()
        while not self._over and (received := await self._reader.read(READ_BYTES)):
            self._received += len(received)
            for message in chunks.feed(received):
                if message.kind in (rtmp.AUDIO, rtmp.VIDEO, rtmp.FACTS):
                    if self._receiver:
                        self._receiver.receive(message)
                elif message.kind in (rtmp.COMMAND, rtmp.COMMAND_AMF3):
                    await self._obey(message)
            if self._receiver:
                # The show has ended, or another encoder has taken over.
                self._over |= self._receiver.is_over
                # Every message buys ten more seconds of silence.
                patience.reschedule(asyncio.get_running_loop().time() + IDLE_AFTER)
            if self._received - self._acknowledged > ACKNOWLEDGE_EVERY:
                self._acknowledged = self._received
                body = struct.pack(">I", self._received & 0xFFFFFFFF)
                self._writer.write(rtmp.chunk(rtmp.ACKNOWLEDGEMENT, body, number=2))

    async def _obey(self, message: Message) -> None:
        body = message.body[1:] if message.kind == rtmp.COMMAND_AMF3 else message.body
        values = rtmp.read_amf(body)
        name, number = [*values, None, None][:2]
        number = number if isinstance(number, float) else 0.0
        match name:
            case "connect":
                self._writer.write(
                    rtmp.chunk(rtmp.WINDOW, struct.pack(">I", ACKNOWLEDGE_EVERY), number=2)
                    + rtmp.chunk(rtmp.PEER_BANDWIDTH, struct.pack(">IB", ACKNOWLEDGE_EVERY, 2), number=2)
                    + rtmp.command("_result", number, {"fmsVer": "FMS/3,0,1,123", "capabilities": 31}, _CONNECTED)
                )
            case "createStream":
                self._writer.write(rtmp.command("_result", number, None, 1))
            case "publish":
                await self._publish(values, stream=message.stream)
            case "deleteStream" | "FCUnpublish" | "closeStream":
                self._over = True
            case "play":
                raise BadRtmp("this gate only takes in")
        await self._writer.drain()

    async def _publish(self, values: list[rtmp.Amf], *, stream: int) -> None:
        key = values[3] if len(values) > 3 and isinstance(values[3], str) else ""  # noqa: PLR2004
        self._receiver = await self._admit(key)
        status = _ACCEPTED if self._receiver else _REFUSED
        self._writer.write(rtmp.command("onStatus", 0, None, status, stream=stream))
        if self._receiver is None:
            await self._writer.drain()
            raise BadRtmp("wrong stream key")


_CONNECTED: dict[str, rtmp.Amf] = {
    "level": "status",
    "code": "NetConnection.Connect.Success",
    "description": "Connected.",
    "objectEncoding": 0,
}
_ACCEPTED: dict[str, rtmp.Amf] = {
    "level": "status",
    "code": "NetStream.Publish.Start",
    "description": "You are publishing.",
}
_REFUSED: dict[str, rtmp.Amf] = {
    "level": "error",
    "code": "NetStream.Publish.BadName",
    "description": "This stream key is not valid. Copy it again from the Studio.",
}
