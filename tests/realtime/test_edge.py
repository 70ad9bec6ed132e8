"""The websocket's edge, byte by byte: bad frames, too much, too little, floods. The server answers or closes."""

import base64
import json
import os
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.realtime.serving import House, resident_kb

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
# An hour of a very busy client: ten frames a second.
FUZZ_FRAMES = int(os.environ.get("FUZZ_FRAMES", "36000"))
GROWTH_KB = 30_000


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    house = House(guests=20, limits=("off", "on"))
    yield house
    house.close()


class RawSocket:
    """A websocket client without manners."""

    def __init__(self, house: House, *, process: int = 0, token: int = 0, headers: str = "") -> None:
        self.wire = socket.create_connection(("127.0.0.1", house.ports[process]), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        self.wire.sendall(
            (
                f"GET /ws/shows/bench/?visitor={house.tokens[token]} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                f"Sec-WebSocket-Version: 13\r\n{headers}\r\n"
            ).encode()
        )
        self.pending = b""
        self.status = self._head().split(b" ")[1].decode()

    def _head(self) -> bytes:
        while b"\r\n\r\n" not in self.pending:
            more = self.wire.recv(65536)
            if not more:
                break
            self.pending += more
        head, _, self.pending = self.pending.partition(b"\r\n\r\n")
        return head

    def send(
        self, opcode: int, payload: bytes = b"", *, final: bool = True, masked: bool = True, reserved: int = 0
    ) -> None:
        size = len(payload)
        head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
        bit = 0x80 if masked else 0
        head += struct.pack("!B", bit | size) if size < 126 else struct.pack("!BH", bit | 126, size)
        mask = os.urandom(4) if masked else b""
        if masked:
            payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self.wire.sendall(head + mask + payload)

    def say(self, **frame: object) -> None:
        self.send(TEXT, json.dumps(frame).encode())

    def frame(self) -> tuple[int, bytes]:
        """Read one frame; (0, b"") when the line is cut."""
        head = self._take(2)
        if not head:
            return 0, b""
        size = head[1] & 0x7F
        if size == 126:
            size = struct.unpack("!H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self._take(8))[0]
        return head[0] & 0x0F, self._take(size)

    def _take(self, size: int) -> bytes:
        while len(self.pending) < size:
            try:
                more = self.wire.recv(65536)
            except ConnectionError:
                return b""
            if not more:
                return b""
            self.pending += more
        taken, self.pending = self.pending[:size], self.pending[size:]
        return taken

    def close_code(self) -> int:
        """Read to the end; the code of the server's close, 0 when it cut the line."""
        while True:
            opcode, payload = self.frame()
            if opcode == CLOSE:
                code: int = struct.unpack("!H", payload[:2])[0]
                return code
            if opcode == 0:
                return 0

    def hears(self, key: str) -> dict[str, object]:
        while True:
            opcode, payload = self.frame()
            assert opcode, "the line was cut"
            if opcode == TEXT and key in (message := json.loads(payload)):
                found: dict[str, object] = message
                return found


type Knock = Callable[..., RawSocket]


@pytest.fixture
def knock(house: House) -> Iterator[Knock]:
    """`knock(token=5)`: a raw socket, closed after the test."""
    opened: list[RawSocket] = []

    def open_socket(**more: Any) -> RawSocket:
        opened.append(RawSocket(house, **more))
        return opened[-1]

    yield open_socket
    for one in opened:
        one.wire.close()


@pytest.fixture
def raw(knock: Knock) -> RawSocket:
    return knock()


def test_a_frame_without_a_mask_is_a_violation(raw: RawSocket):
    raw.send(TEXT, b'{"type":"clock","c0":1}', masked=False)

    assert raw.close_code() == 1002


@pytest.mark.parametrize("opcode", [3, 7, 11, 15])
def test_a_reserved_opcode_is_a_violation(raw: RawSocket, opcode: int):
    raw.send(opcode, b"")

    assert raw.close_code() == 1002


def test_reserved_bits_are_a_violation(raw: RawSocket):
    raw.send(TEXT, b"{}", reserved=4)

    assert raw.close_code() == 1002


def test_a_text_that_is_no_utf8_is_closed_as_such(raw: RawSocket):
    raw.send(TEXT, b'{"type":"\xff\xfe"}')

    assert raw.close_code() == 1007


def test_a_message_in_fragments_is_one_message(raw: RawSocket):
    raw.send(TEXT, b'{"type":"clo', final=False)
    raw.send(PING, b"between")
    raw.send(0, b'ck","c0":', final=False)
    raw.send(0, b"42}")

    clock = raw.hears("clock")["clock"]
    assert isinstance(clock, dict)
    assert clock["c0"] == 42


def test_a_frame_over_four_kilobytes_is_too_large(raw: RawSocket):
    raw.send(TEXT, b"x" * 4097)

    assert raw.close_code() == 1009


def test_fragments_that_add_up_to_too_much_are_too_large(raw: RawSocket):
    raw.send(TEXT, b"x" * 3000, final=False)
    raw.send(0, b"x" * 3000, final=False)

    assert raw.close_code() == 1009


def test_the_announcement_of_a_gigabyte_costs_no_memory(house: House, raw: RawSocket):
    before = resident_kb(house.web[0].pid)

    raw.wire.sendall(bytes([0x81, 0xFF]) + struct.pack("!Q", 2**30) + os.urandom(4) + b"x" * 100_000)

    assert raw.close_code() == 1009
    assert resident_kb(house.web[0].pid) - before < GROWTH_KB


def test_a_ping_is_answered(raw: RawSocket):
    raw.send(PING, b"there?")

    opcode, payload = raw.frame()
    while opcode != PONG:
        opcode, payload = raw.frame()
    assert payload == b"there?"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:{front}"])
def test_a_foreign_page_is_refused_before_it_is_a_socket(knock: Knock, house: House, origin: str):
    raw = knock(headers=f"Origin: {origin.format(front=house.front)}\r\n")

    assert raw.status == "403"


def test_our_own_page_is_let_in(knock: Knock, house: House):
    assert knock(headers=f"Origin: http://127.0.0.1:{house.front}\r\n").status == "101"


def test_a_line_that_is_cut_in_the_middle_of_a_frame_leaves_nothing_behind(knock: Knock, house: House):
    for _ in range(50):
        raw = knock()
        raw.wire.sendall(bytes([0x81, 0xFE, 0x0F, 0xFF, 1, 2, 3]))
        raw.wire.close()

    assert knock().hears("welcome")


def test_a_flood_is_refused_with_a_time_to_wait_and_then_closed(knock: Knock, house: House):
    raw = knock(process=1, token=5)
    raw.hears("welcome")
    for _ in range(200):
        raw.say(type="reaction.send", id="r", emoji="heart")

    refused = raw.hears("error")["error"]

    assert isinstance(refused, dict)
    assert refused["code"] == "too_many"
    assert refused["retry_in"] > 0
    assert raw.close_code() == 4029


def test_one_person_holds_only_so_many_sockets(knock: Knock, house: House):
    sockets = [knock(token=6) for _ in range(20)]
    for one in sockets:
        one.hears("welcome")

    last = knock(token=6)

    assert last.close_code() == 4029


def test_an_hours_worth_of_nonsense_neither_crashes_nor_grows_the_server(knock: Knock, house: House):
    chance = random.Random(20_261_121)
    raw = knock()
    raw.hears("welcome")
    raw = nonsense(raw, knock, chance, FUZZ_FRAMES // 10)
    before = resident_kb(house.web[0].pid)

    raw = nonsense(raw, knock, chance, FUZZ_FRAMES)

    assert house.web[0].popen.poll() is None
    assert resident_kb(house.web[0].pid) - before < GROWTH_KB
    assert knock().hears("welcome")


def nonsense(raw: RawSocket, knock: Knock, chance: random.Random, frames: int) -> RawSocket:
    """Send frames that are wrong in every way we know; connect again whenever the server has had enough."""
    raw.wire.settimeout(0.001)
    for _ in range(frames):
        try:
            raw.send(chance.choice([TEXT, TEXT, TEXT, TEXT, BINARY]), payload_of(chance))
            if chance.random() < 0.002:
                raw.send(chance.randrange(16), os.urandom(chance.randrange(120)), reserved=chance.randrange(8))
            while raw.wire.recv(1 << 20):
                pass
            raise ConnectionError
        except TimeoutError:
            pass
        except OSError:
            raw.wire.close()
            raw = knock(token=chance.randrange(20))
            raw.wire.settimeout(0.001)
    raw.wire.settimeout(10)
    time.sleep(0.5)
    return raw


def payload_of(chance: random.Random) -> bytes:
    values = [None, True, -1, 2**60, 1e308, "", "x" * 300, [], {}, [[[[]]]], {"a": {"b": 1}}, "\u202e\x00", "🧶"]
    kinds = ["hello", "clock", "beat", "message.post", "hold.place", "hold.extend", "queue.join", "reaction.send", "x"]
    names = ["id", "type", "epoch", "seq", "c0", "text", "key", "drop", "variant", "quantity", "hold", "emoji", "count"]
    if chance.random() < 0.3:
        return os.urandom(chance.randrange(200))
    frame = {name: chance.choice(values) for name in chance.sample(names, chance.randrange(len(names)))}
    if chance.random() < 0.9:
        frame["type"] = chance.choice(kinds)
    return json.dumps(frame).encode()[:4000]
