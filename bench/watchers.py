"""The load side of the fan-out bench, in its own process: viewers that connect, post, beat and check what arrives.

All viewers get the same bytes, so a frame is parsed once and looked up by its first bytes after that: the load side
stays far from being the limit. Prints one JSON object per phase. Times are CLOCK_MONOTONIC, written into the text.

    python -m bench.watchers ours ws://127.0.0.1:8000/ws/shows/bench/ --viewers 2000 --messages 1000 --rate 100
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import time
from array import array
from pathlib import Path

import picows

_SENT = re.compile(rb'"text": ?"t=(\d+\.\d+)')
_RANGE = re.compile(rb'"from":(\d+),"to":(\d+)')
_HEAD = 72
CONNECT_AT_ONCE = 64
BEAT_SECONDS = 10.0
PATIENCE_SECONDS = 30.0


class Frame:
    """A broadcast as it arrived at everyone: the messages in it and one arrival per viewer."""

    __slots__ = ("arrivals", "first", "last", "sent")

    def __init__(self, payload: bytes) -> None:
        self.sent = [float(found) for found in _SENT.findall(payload)]
        numbers = _RANGE.search(payload)
        self.first, self.last = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
        self.arrivals = array("d")


class Tally:
    """What all viewers of this process received."""

    def __init__(self) -> None:
        self.frames: dict[bytes, Frame] = {}
        self.received = 0
        self.state_frames = 0
        self.gaps = 0
        self.replies = 0
        self.errors = 0
        self.closed = 0

    def quantiles(self) -> tuple[float, float, float]:
        """Return p50, p99 and the longest from post to receipt, in ms, over every delivery."""
        buckets: dict[int, int] = {}
        for frame in self.frames.values():
            for sent in frame.sent:
                for arrived in frame.arrivals:
                    late = int((arrived - sent) * 1000)
                    buckets[late] = buckets.get(late, 0) + 1
        total = sum(buckets.values())
        if not total:
            return (-1.0, -1.0, -1.0)
        p50 = p99 = seen = 0
        for late in sorted(buckets):
            if seen < total * 0.5:
                p50 = late
            if seen < total * 0.99:
                p99 = late
            seen += buckets[late]
        return (float(p50), float(p99), float(max(buckets)))


class Watcher(picows.WSListener):
    """One viewer."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.seq = 0
        self.welcomed = False
        self.transport: picows.WSTransport | None = None

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is not picows.WSMsgType.TEXT:
            if frame.msg_type is picows.WSMsgType.PING:
                transport.send_pong(frame.get_payload_as_bytes())
            elif frame.msg_type is picows.WSMsgType.CLOSE:
                self.tally.closed += 1
            return
        arrived = time.monotonic()
        view = frame.get_payload_as_memoryview()
        head = bytes(view[:_HEAD])
        tally = self.tally
        known = tally.frames.get(head)
        if known is None:
            if head.startswith((b'{"welcome"', b'{"snapshot"', b'{"resumed"')):
                whole = json.loads(frame.get_payload_as_bytes())
                self.seq = (whole.get("welcome") or whole.get("snapshot") or {}).get("seq", self.seq)
                self.welcomed = True
                return
            if head.startswith(b'{"reply"'):
                tally.replies += 1
                tally.errors += b'"error"' in head
                return
            if head.startswith((b'{"bye"', b'{"clock"', b'{"you"')):
                return
            known = tally.frames[head] = Frame(frame.get_payload_as_bytes())
        if known.first:
            if known.first != self.seq + 1 and known.last >= known.first:
                tally.gaps += 1
            self.seq = max(self.seq, known.last)
        if known.sent:
            known.arrivals.append(arrived)
            tally.received += len(known.sent)
        else:
            tally.state_frames += 1

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self.transport = None

    def send(self, message: dict[str, object]) -> None:
        if self.transport is not None:
            self.transport.send(picows.WSMsgType.TEXT, json.dumps(message).encode())


async def connect_all(url: str, tokens: list[str], viewers: int, tally: Tally) -> list[Watcher]:
    """Connect so many viewers, a bounded number at once, and wait until all are welcome."""
    gate = asyncio.Semaphore(CONNECT_AT_ONCE)

    async def connect(number: int) -> Watcher:
        address = f"{url}?visitor={tokens[number % len(tokens)]}" if tokens else url
        async with gate:
            watcher = Watcher(tally)
            await picows.ws_connect(lambda: watcher, address)
            return watcher

    return list(await asyncio.gather(*(connect(number) for number in range(viewers))))


async def beat_forever(watchers: list[Watcher]) -> None:
    """Let each viewer beat every ten seconds, evenly spread."""
    random.shuffle(watchers)
    step = BEAT_SECONDS / max(1, len(watchers))
    began, number = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - began) / step)
        while number < due:
            watcher = watchers[number % len(watchers)]
            watcher.send({"type": "beat", "seq": watcher.seq, "behind_ms": 3000})
            number += 1
        await asyncio.sleep(0.05)


async def post_all(kind: str, writers: list[Watcher], messages: int, rate: float) -> None:
    """Post at an even rate, each from the next writer."""
    began = time.monotonic()
    for number in range(messages):
        wait = began + number / rate - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        text = f"t={time.monotonic():.6f} is it available in size M please?"
        message: dict[str, object] = {"text": text, "id": number, "name": f"viewer {number}"}
        if kind == "ours":
            message = {"type": "message.post", "id": f"c{number}", "text": text, "key": f"k{number}-{time.time_ns()}"}
        writers[number % len(writers)].send(message)


async def run(options: argparse.Namespace) -> None:
    tokens = json.loads(Path(options.tokens).read_text()) if options.tokens else []
    tally = Tally()
    began = time.monotonic()
    watchers = await connect_all(options.url, tokens, options.viewers, tally)
    if options.kind == "ours":
        while not all(watcher.welcomed for watcher in watchers):
            await asyncio.sleep(0.01)
    connected = time.monotonic() - began
    say({"connected": len(watchers), "seconds": connected, "per_second": len(watchers) / connected})
    beats = asyncio.create_task(beat_forever(list(watchers))) if options.kind == "ours" else None
    await asyncio.to_thread(sys.stdin.readline)  # Whoever measures reads the server's memory meanwhile.
    for phase in range(options.rounds):
        tally.received = tally.gaps = tally.state_frames = tally.errors = 0
        tally.frames.clear()
        say({"round": phase})
        await asyncio.to_thread(sys.stdin.readline)
        began, busy = time.monotonic(), time.process_time()
        await post_all(options.kind, watchers[: options.writers], options.messages, options.rate)
        due = options.messages * len(watchers)
        patience = time.monotonic() + options.patience
        while tally.received < due and time.monotonic() < patience:
            await asyncio.sleep(0.005)
        seconds = time.monotonic() - began
        p50, p99, longest = tally.quantiles()
        say(
            {
                "received": tally.received, "due": due, "seconds": seconds, "per_second": tally.received / seconds,
                "p50": p50, "p99": p99, "longest": longest, "gaps": tally.gaps, "errors": tally.errors,
                "state_frames": tally.state_frames, "frames": len(tally.frames), "closed": tally.closed,
                "load_cpu": time.process_time() - busy,
            }
        )  # fmt: skip
    if beats:
        beats.cancel()


def say(facts: dict[str, object]) -> None:
    print(json.dumps(facts), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("ours", "plain"))
    parser.add_argument("url")
    parser.add_argument("--viewers", type=int, default=2000)
    parser.add_argument("--writers", type=int, default=200)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--patience", type=float, default=PATIENCE_SECONDS)
    parser.add_argument("--tokens", default="")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
