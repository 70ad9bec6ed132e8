"""RTMP: whatever the cuts between two reads, the same messages; whatever a stranger sends, bounded memory."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.video import rtmp
from streams.video.rtmp import BadRtmp, ChunkReader, Message, chunk, read_amf, write_amf

plain = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=40)
values = st.recursive(
    plain, lambda inner: st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4), max_leaves=8
)


@given(st.lists(values, max_size=5))
def test_what_is_written_as_amf_is_read_again(written):
    assert read_amf(b"".join(write_amf(value) for value in written)) == written


@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_amf_without_an_error(garbage):
    read_amf(garbage)


@given(
    st.lists(st.tuples(st.sampled_from([8, 9, 18, 20]), st.binary(min_size=1, max_size=700)), min_size=1, max_size=6),
    st.lists(st.integers(1, 200), min_size=1, max_size=20),
)
def test_messages_survive_any_cuts_between_two_reads(messages, cuts):
    stream = b"".join(chunk(kind, body, number=3 + place, stream=1) for place, (kind, body) in enumerate(messages))
    reader, read, at = ChunkReader(), [], 0
    while at < len(stream):
        step = cuts[at % len(cuts)]
        read += list(reader.feed(stream[at : at + step]))
        at += step

    assert [(message.kind, message.body) for message in read] == messages


def test_a_header_without_a_time_repeats_the_last_delta():
    first = b"\x04" + (100).to_bytes(3) + (1).to_bytes(3) + b"\x09" + bytes(4) + b"a"
    delta = b"\x44" + (40).to_bytes(3) + (1).to_bytes(3) + b"\x09" + b"b"
    bare = b"\xc4" + b"c"

    read = list(ChunkReader().feed(first + delta + bare))

    assert [message.time_ms for message in read] == [100, 140, 180]


def test_times_beyond_four_hours_have_a_field_of_their_own():
    late = b"\x04" + b"\xff\xff\xff" + (1).to_bytes(3) + b"\x09" + bytes(4) + struct.pack(">I", 20_000_000) + b"a"

    assert list(ChunkReader().feed(late)) == [Message(9, 20_000_000, 0, b"a")]


def test_a_larger_chunk_size_is_followed():
    body = bytes(range(256)) * 8
    size = chunk(rtmp.SET_CHUNK_SIZE, struct.pack(">I", 4096), number=2)
    whole = b"\x04" + bytes(3) + len(body).to_bytes(3) + b"\x09" + bytes(4) + body

    read = list(ChunkReader().feed(size + whole))

    assert read[-1].body == body


@pytest.mark.parametrize(
    "abuse",
    [
        b"\x04" + bytes(3) + (rtmp.MAX_MESSAGE + 1).to_bytes(3) + b"\x09" + bytes(4),
        chunk(rtmp.SET_CHUNK_SIZE, struct.pack(">I", 0x7FFFFFFF), number=2),
        b"".join(bytes([0, n]) + bytes(3) + (200).to_bytes(3) + b"\x09" + bytes(4) + bytes(128) for n in range(70)),
    ],
    ids=["a message too long", "a chunk size too large", "too many streams"],
)
def test_abuse_is_cut_off(abuse):
    reader = ChunkReader()
    # Each of the seventy streams leaves a message unfinished.
    with pytest.raises(BadRtmp):
        list(reader.feed(abuse))


def test_only_rtmp_gets_a_handshake():
    with pytest.raises(BadRtmp):
        rtmp.answer_handshake(b"G" + bytes(rtmp.HANDSHAKE))
    assert len(rtmp.answer_handshake(b"\x03" + bytes(rtmp.HANDSHAKE))) == 1 + 2 * rtmp.HANDSHAKE
