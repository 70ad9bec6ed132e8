"""Storms: writers at full speed, half a house that comes back at once, clients that read nothing.

python -m bench.storm                  all three
python -m bench.storm --rows durable,reconnect,stalled
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import sys
import time
from contextlib import ExitStack
from typing import Any

import picows
import psutil

from bench.stage import SHOW, Load, Stage, new_port, settle
from bench.watchers import Tally, Watcher, beat_forever, connect_all

_SERVE = (sys.executable, "manage.py", "serve", "--web-only", "--host", "127.0.0.1", "--port", "{port}")
WRITERS, WRITE_SECONDS = 200, 10.0
VIEWERS_BACK = 5000
STALLED, ALL, STALLED_ROUNDS = 500, 2000, 3


class Writer(Watcher):
    """Posts the next message as soon as the last one is durable."""

    posted = 0
    ends_at = 0.0
    late: list[float]

    def begin(self, name: int, ends_at: float) -> None:
        self.name, self.ends_at, self.late = name, ends_at, []
        self._post()

    def _post(self) -> None:
        self.sent_at = time.monotonic()
        key = f"w{self.name}-{self.posted}"
        self.send({"type": "message.post", "id": key, "text": f"message {self.posted}", "key": key})

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        if not payload.startswith(b'{"reply"'):
            self.welcomed = self.welcomed or payload.startswith(b'{"welcome"')
            return
        self.tally.errors += b'"error"' in payload
        self.posted += 1
        self.late.append(time.monotonic() - self.sent_at)
        if time.monotonic() < self.ends_at:
            self._post()


async def write_durably(url: str, tokens: list[str]) -> dict[str, Any]:
    """Let 200 writers post for ten seconds, each waiting for its answer."""
    tally = Tally()
    writers: list[Writer] = []
    for token in tokens[:WRITERS]:
        writer = Writer(tally)
        await picows.ws_connect(lambda writer=writer: writer, f"{url}?visitor={token}")
        writers.append(writer)
    await asyncio.sleep(2)
    began = time.monotonic()
    for number, writer in enumerate(writers):
        writer.begin(number, began + WRITE_SECONDS)
    await asyncio.sleep(WRITE_SECONDS + 2)
    late = sorted(one for writer in writers for one in writer.late)
    posted = sum(writer.posted for writer in writers)
    return {
        "posted": posted,
        "per_second": posted / WRITE_SECONDS,
        "p50": late[len(late) // 2] * 1000,
        "p99": late[int(len(late) * 0.99)] * 1000,
        "errors": tally.errors,
    }


def durable(stage: Stage) -> None:
    port = new_port()
    with stage.serving(*_SERVE, port=port) as server:
        settle(server)
        url = f"ws://127.0.0.1:{port}/ws/shows/{SHOW}/"
        before = int(stage.manage("shell", "--no-imports", "-c", _COUNT))
        facts = asyncio.run(write_durably(url, json.loads(stage.tokens.read_text())))
        stored = int(stage.manage("shell", "--no-imports", "-c", _COUNT)) - before
    print(
        f"| {WRITERS} writers, PostgreSQL with synchronous commit | {facts['per_second']:,.0f} messages/s durable, "
        f"p50 {facts['p50']:.0f} ms, p99 {facts['p99']:.0f} ms, {facts['errors']} errors, "
        f"{stored} stored of {facts['posted']} answered, numbers without a gap |",
        flush=True,
    )


# The last number is the count exactly when there is no gap and no double.
_COUNT = """
from livecommerce.realtime.models import Feed, FeedEvent
feed = Feed.objects.get()
assert FeedEvent.objects.count() == feed.seq
print(feed.seq)
"""


async def come_back(stage: Stage, ports: list[int], victim: psutil.Process) -> dict[str, float]:
    """Connect all, kill one process, connect its viewers to the other; return how long until all are welcome."""
    tokens, tally = json.loads(stage.tokens.read_text()), Tally()
    urls = [f"ws://127.0.0.1:{port}/ws/shows/{SHOW}/" for port in ports]
    half = VIEWERS_BACK // 2
    lost = await connect_all(urls[0], tokens[:half], half, tally)
    kept = await connect_all(urls[1], tokens[half:VIEWERS_BACK], VIEWERS_BACK - half, tally)
    beats = asyncio.create_task(beat_forever(kept))
    victim.kill()
    began = time.monotonic()
    while any(watcher.transport for watcher in lost):
        await asyncio.sleep(0.01)
    back = await connect_all(urls[1], tokens[:half], half, tally)
    while not all(watcher.welcomed for watcher in back):
        await asyncio.sleep(0.01)
    seconds = time.monotonic() - began
    beats.cancel()
    heads = {watcher.seq for watcher in back + kept}
    return {"seconds": seconds, "per_second": half / seconds, "heads": len(heads), "gaps": tally.gaps}


def reconnect(stage: Stage) -> None:
    ports = [new_port(), new_port()]
    with ExitStack() as stack:
        victim, other = (stack.enter_context(stage.serving(*_SERVE, port=port)) for port in ports)
        settle(victim)
        settle(other)
        facts = asyncio.run(come_back(stage, ports, victim))
    print(
        f"| {VIEWERS_BACK:,} viewers on two processes, kill -9 of one | its {VIEWERS_BACK // 2:,} back on the other "
        f"in {facts['seconds']:.1f} s ({facts['per_second']:,.0f}/s), {facts['heads']:.0f} position, "
        f"{facts['gaps']:.0f} gaps |",
        flush=True,
    )


def stalled_socket(port: int, token: str) -> socket.socket:
    """Open a socket, shake hands, and read nothing."""
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.connect(("127.0.0.1", port))
    wire.sendall(
        f"GET /ws/shows/{SHOW}/?visitor={token} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    return wire


def stalled(stage: Stage) -> None:
    """Compare a room of 2,000 readers with a room in which 500 of them read nothing, in turns."""
    port = new_port()
    facts: list[dict[str, float]] = []
    with stage.serving(*_SERVE, port=port) as server:
        for _ in range(STALLED_ROUNDS):
            settle(server)
            room = _warm_room(stage, port, viewers=ALL)
            room.go_on()
            all_read = room.hear()
            room.end()
            settle(server)
            facts.append(_beside_stalled(stage, port, server) | {"all50": all_read["p50"], "all99": all_read["p99"]})
    one = {name: statistics.median(fact[name] for fact in facts) for name in facts[0]}
    print(
        f"| {ALL:,} viewers, {STALLED} of them read nothing, 100/s, medians of {STALLED_ROUNDS} | healthy p50 "
        f"{one['p50']:.0f} ms, p99 {one['p99']:.0f} ms (when all read: {one['all50']:.0f} and {one['all99']:.0f} ms), "
        f"stalled gone after {one['gone']:.0f} s, memory grew by at most {one['grown'] / 2**20:.0f} MB, healthy "
        f"received {one['received']:.0%} |",
        flush=True,
    )


def _warm_room(stage: Stage, port: int, *, viewers: int) -> Load:
    """Fill the room, let one round go by, and stand before the next."""
    url = f"ws://127.0.0.1:{port}/ws/shows/{SHOW}/"
    room = Load("ours", url, tokens=stage.tokens, viewers=viewers, rate=100, messages=3000, rounds=2)
    room.hear()
    room.go_on()
    room.hear()
    room.go_on()
    room.hear()
    room.hear()
    return room


def _beside_stalled(stage: Stage, port: int, server: psutil.Process) -> dict[str, float]:
    room = _warm_room(stage, port, viewers=ALL - STALLED)
    before = server.memory_info().rss
    tokens = json.loads(stage.tokens.read_text())
    dead = [stalled_socket(port, tokens[-1 - number]) for number in range(STALLED)]
    # Greeting 500 at once is the storm of another row.
    settle(server)
    room.go_on()
    began, gone, most = time.monotonic(), 0.0, 0
    while time.monotonic() - began < 29 and not gone:
        time.sleep(0.5)
        most = max(most, server.memory_info().rss)
        if len([c for c in server.net_connections() if c.status == "ESTABLISHED"]) <= ALL - STALLED + 20:
            gone = time.monotonic() - began
    healthy = room.hear()
    room.end()
    for one in dead:
        one.close()
    return {
        **{name: healthy[name] for name in ("p50", "p99")},
        **{"gone": gone, "grown": most - before, "received": healthy["received"] / healthy["due"]},
    }


ROWS = {"durable": durable, "reconnect": reconnect, "stalled": stalled}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS))
    options = parser.parse_args()
    with Stage(guests=VIEWERS_BACK) as stage:
        print("| work | result |\n|---|---|", flush=True)
        for name in options.rows.split(","):
            ROWS[name](stage)


if __name__ == "__main__":
    main()
