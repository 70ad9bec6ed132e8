"""FLV tags: what a packager's ffmpeg reads, and what a tag's first bytes tell about it. Source: Adobe's FLV 10.1."""

from __future__ import annotations

import struct

from streams.video.rtmp import AUDIO, FACTS, VIDEO, Message

HEADER = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"

_H264, _AAC, _KEY_FRAME, _ENHANCED = 7, 10, 1, 0x80
_SET_DATA_FRAME = b"\x02\x00\x0d@setDataFrame"


def tag(message: Message, *, since_ms: int = 0) -> bytes:
    """The message as an FLV tag, its time counted from `since_ms`."""
    body = message.body
    if message.kind == FACTS and body.startswith(_SET_DATA_FRAME):
        body = body[len(_SET_DATA_FRAME) :]
    stamp = max(0, message.time_ms - since_ms)
    head = struct.pack(">B", message.kind) + len(body).to_bytes(3)
    head += (stamp & 0xFFFFFF).to_bytes(3) + bytes([stamp >> 24 & 0xFF]) + bytes(3)
    return head + body + struct.pack(">I", 11 + len(body))


def is_h264(message: Message) -> bool:
    return message.kind == VIDEO and not message.body[0] & _ENHANCED and message.body[0] & 0x0F == _H264


def is_aac(message: Message) -> bool:
    return message.kind == AUDIO and message.body[0] >> 4 == _AAC


def is_key_frame(message: Message) -> bool:
    """A picture that decodes alone (not the codec's own header)."""
    if message.kind != VIDEO or len(message.body) < 2:  # noqa: PLR2004
        return False
    return (message.body[0] >> 4 & 0x07) == _KEY_FRAME and not is_codec_header(message)


def is_frame(message: Message) -> bool:
    return message.kind == VIDEO and len(message.body) > 1 and not is_codec_header(message)


def is_codec_header(message: Message) -> bool:
    """The decoder's configuration, which every run of ffmpeg needs first."""
    if len(message.body) < 2:  # noqa: PLR2004
        return False
    if message.kind == VIDEO and message.body[0] & _ENHANCED:
        return message.body[0] & 0x0F == 0
    return (is_h264(message) or is_aac(message)) and message.body[1] == 0
