"""RTMP as bytes: handshake, chunks and AMF0, without a socket.

The rule guarded here: nothing a client sends can make us hold more than `MAX_MESSAGE` bytes per chunk stream.
Source: Adobe's RTMP specification 1.0, sections 5.2 to 7.2; enhanced RTMP's FourCC packets are passed on unread.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_MESSAGE = 8 * 1024 * 1024
MAX_CHUNK = 1024 * 1024
MAX_CHUNK_STREAMS = 64
HANDSHAKE = 1536
NO_TIMESTAMP = 0xFFFFFF

SET_CHUNK_SIZE, ABORT, ACKNOWLEDGEMENT, WINDOW, PEER_BANDWIDTH = 1, 2, 3, 5, 6
AUDIO, VIDEO, FACTS, COMMAND = 8, 9, 18, 20
COMMAND_AMF3 = 17

_HEADER_BYTES = (11, 7, 3, 0)
_FULL_HEADER = 0
_HEADER_WITH_LENGTH = 1
_HEADER_WITH_TIME = 2

Amf = float | bool | str | None | dict[str, Any] | list[Any]


class BadRtmp(Exception):
    """The other side does not speak RTMP, or abuses it."""


@dataclass(frozen=True, slots=True)
class Message:
    kind: int
    time_ms: int
    stream: int
    body: bytes


@dataclass(slots=True)
class _ChunkStream:
    time_ms: int = 0
    delta: int = 0
    length: int = 0
    kind: int = 0
    stream: int = 0
    extended: bool = False
    body: bytearray = field(default_factory=bytearray)


def answer_handshake(c0c1: bytes) -> bytes:
    """S0, S1 and S2 for C0 and C1; the zero version in S1 asks for the simple handshake."""
    if c0c1[0] != 3:  # noqa: PLR2004 - the protocol's version
        raise BadRtmp("not RTMP")
    return b"\x03" + bytes(8) + os.urandom(HANDSHAKE - 8) + c0c1[1:]


class ChunkReader:
    """Feed bytes in, get whole messages out."""

    def __init__(self) -> None:
        self._unread = bytearray()
        self._streams: dict[int, _ChunkStream] = {}
        self._chunk_size = 128

    def feed(self, received: bytes) -> Iterator[Message]:
        """Yield the messages that these bytes complete.

        :raises BadRtmp: on anything oversized.
        """
        self._unread += received
        while True:
            taken, message = self._take_chunk()
            if not taken:
                return
            del self._unread[:taken]
            if message is None:
                continue
            if message.kind == SET_CHUNK_SIZE:
                size = struct.unpack(">I", message.body[:4].rjust(4, b"\0"))[0] & 0x7FFFFFFF
                if not 1 <= size <= MAX_CHUNK:
                    raise BadRtmp("chunk size out of range")
                self._chunk_size = size
            yield message

    def _take_chunk(self) -> tuple[int, Message | None]:
        """Read one chunk; 0 bytes taken means: wait for more."""
        unread = self._unread
        if not unread:
            return 0, None
        form, number, at = unread[0] >> 6, unread[0] & 0x3F, 1
        if number < 2:  # noqa: PLR2004 - 0 and 1 announce a longer number
            at = 2 + number
            if len(unread) < at:
                return 0, None
            number = 64 + unread[1] + (unread[2] << 8 if number else 0)
        header_end = at + _HEADER_BYTES[form]
        if len(unread) < header_end:
            return 0, None
        if number not in self._streams and len(self._streams) >= MAX_CHUNK_STREAMS:
            raise BadRtmp("too many chunk streams")
        known = self._streams.get(number, _ChunkStream())
        return self._read_chunk(number, known, form, at, header_end)

    def _read_chunk(
        self, number: int, known: _ChunkStream, form: int, at: int, header_end: int
    ) -> tuple[int, Message | None]:
        unread = self._unread
        length, kind, stream, stamp, extended = known.length, known.kind, known.stream, known.delta, known.extended
        if form <= _HEADER_WITH_TIME:
            stamp = int.from_bytes(unread[at : at + 3])
            extended = stamp == NO_TIMESTAMP
        if form <= _HEADER_WITH_LENGTH:
            length, kind = int.from_bytes(unread[at + 3 : at + 6]), unread[at + 6]
        if form == _FULL_HEADER:
            stream = int.from_bytes(unread[at + 7 : at + 11], "little")
        if length > MAX_MESSAGE:
            raise BadRtmp("message too long")
        body_at = header_end + (4 if extended else 0)
        if len(unread) < body_at:
            return 0, None
        if extended:
            stamp = int.from_bytes(unread[header_end:body_at])
        more = min(self._chunk_size, length - len(known.body))
        if len(unread) < body_at + more:
            return 0, None
        if not known.body:
            known.time_ms = stamp if form == _FULL_HEADER else known.time_ms + stamp
            # A header of form 3 that opens a message repeats this as its delta, even after a full header (5.3.1.2.4).
            known.delta = stamp
        known.length, known.kind, known.stream, known.extended = length, kind, stream, extended
        known.body += unread[body_at : body_at + more]
        self._streams[number] = known
        if len(known.body) < length:
            return body_at + more, None
        message = Message(kind, known.time_ms & 0xFFFFFFFF, stream, bytes(known.body))
        known.body = bytearray()
        return body_at + more, message


def chunk(kind: int, body: bytes, *, number: int = 3, stream: int = 0) -> bytes:
    """One message as chunks of the default 128 bytes."""
    head = struct.pack(">B", number) + bytes(3) + len(body).to_bytes(3) + bytes([kind]) + struct.pack("<I", stream)
    parts = [body[i : i + 128] for i in range(0, len(body), 128)] or [b""]
    return head + struct.pack(">B", 0xC0 | number).join(parts)


def command(*values: Amf, stream: int = 0) -> bytes:
    return chunk(COMMAND, b"".join(write_amf(value) for value in values), stream=stream)


def read_amf(body: bytes) -> list[Amf]:
    """All AMF0 values of a message; an unknown type ends the list, as its length cannot be known."""
    values: list[Amf] = []
    at = 0
    try:
        while at < len(body):
            value, at = _read_value(body, at, depth=0)
            values.append(value)
    except (_UnknownAmf, IndexError, struct.error, UnicodeDecodeError):
        pass
    return values


class _UnknownAmf(Exception):
    pass


def _read_value(body: bytes, at: int, *, depth: int) -> tuple[Amf, int]:  # noqa: PLR0911 - one per AMF0 type
    if depth > 8:  # noqa: PLR2004 - no encoder nests deeper
        raise _UnknownAmf
    kind, at = body[at], at + 1
    match kind:
        case 0:
            return struct.unpack_from(">d", body, at)[0], at + 8
        case 1:
            return bool(body[at]), at + 1
        case 2:
            return _read_text(body, at)
        case 3:
            return _read_object(body, at, depth=depth)
        case 5 | 6:
            return None, at
        case 8:
            return _read_object(body, at + 4, depth=depth)
        case 10:
            count, at = struct.unpack_from(">I", body, at)[0], at + 4
            values: list[Amf] = []
            for _ in range(min(count, 1000)):
                value, at = _read_value(body, at, depth=depth + 1)
                values.append(value)
            return values, at
        case 11:
            return struct.unpack_from(">d", body, at)[0], at + 10
        case 12:
            length = struct.unpack_from(">I", body, at)[0]
            return body[at + 4 : at + 4 + length].decode(), at + 4 + length
        case _:
            raise _UnknownAmf


def _read_text(body: bytes, at: int) -> tuple[str, int]:
    length = struct.unpack_from(">H", body, at)[0]
    return body[at + 2 : at + 2 + length].decode(), at + 2 + length


def _read_object(body: bytes, at: int, *, depth: int) -> tuple[dict[str, Any], int]:
    values: dict[str, Any] = {}
    while body[at : at + 3] != b"\x00\x00\x09":
        key, at = _read_text(body, at)
        values[key], at = _read_value(body, at, depth=depth + 1)
    return values, at + 3


def write_amf(value: Amf) -> bytes:
    match value:
        case bool():
            return bytes([1, value])
        case int() | float():
            return b"\x00" + struct.pack(">d", value)
        case str():
            return b"\x02" + _text(value)
        case dict():
            inside = b"".join(_text(key) + write_amf(inner) for key, inner in value.items())
            return b"\x03" + inside + b"\x00\x00\x09"
        case None:
            return b"\x05"
        case _:
            raise TypeError(f"no AMF0 for {type(value).__name__}")


def _text(value: str) -> bytes:
    return struct.pack(">H", len(value.encode())) + value.encode()
