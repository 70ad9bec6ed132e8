"""The load side of the rush, in a process of its own: buyers behind sockets who tap, hear the answer and tap again.

    python -m bench.tappers ws://127.0.0.1:8000/ws/shows/bench/ --tokens tokens.json --drop 1 --sockets 2000 --taps 15

Prints a line when all are connected, waits for a line on standard input, then prints what was measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

import picows

CONNECT_AT_ONCE = 64
PATIENCE_SECONDS = 120.0


class Tally:
    """What all buyers of this process heard."""

    def __init__(self, due: int) -> None:
        self.due = due
        self.won = 0
        self.codes: dict[str, int] = {}
        self.waits: list[float] = []
        self.done = asyncio.Event()


class Tapper(picows.WSListener):
    """One buyer. Waits for each answer before the next tap, as a thumb does."""

    def __init__(self, tally: Tally, number: int, drop: int, taps: int) -> None:
        self.tally, self.number, self.drop, self.left = tally, number, drop, taps
        self.welcomed = asyncio.get_running_loop().create_future()
        self.sent_at = 0.0

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport

    def tap(self) -> None:
        self.left -= 1
        self.sent_at = time.perf_counter()
        key = f"{self.drop}-{self.number}-{self.left}"
        frame = f'{{"type":"hold.place","id":"{key}","drop":{self.drop},"quantity":1,"key":"{key}"}}'
        self.transport.send(picows.WSMsgType.TEXT, frame.encode())

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is not picows.WSMsgType.TEXT:
            if frame.msg_type is picows.WSMsgType.PING:
                transport.send_pong(frame.get_payload_as_bytes())
            return
        head = bytes(frame.get_payload_as_memoryview()[:12])
        if head.startswith(b'{"welcome"'):
            self.welcomed.set_result(None)
        elif head.startswith(b'{"reply"'):
            self.hear(json.loads(frame.get_payload_as_bytes()))

    def hear(self, answer: dict) -> None:
        tally = self.tally
        tally.waits.append(time.perf_counter() - self.sent_at)
        if "ok" in answer:
            tally.won += 1
        else:
            code = answer["error"]["code"]
            tally.codes[code] = tally.codes.get(code, 0) + 1
        if self.left:
            self.tap()
        elif len(tally.waits) >= tally.due:
            tally.done.set()


async def connect(urls: list[str], tokens: list[str], tally: Tally, drop: int, taps: int) -> list[Tapper]:
    tappers: list[Tapper] = []
    for first in range(0, len(tokens), CONNECT_AT_ONCE):
        some = range(first, min(first + CONNECT_AT_ONCE, len(tokens)))
        opened = await asyncio.gather(
            *(
                picows.ws_connect(
                    lambda n=n: Tapper(tally, n, drop, taps), f"{urls[n % len(urls)]}?visitor={tokens[n]}"
                )
                for n in some
            )
        )
        listeners = [listener for _, listener in opened]
        await asyncio.gather(*(listener.welcomed for listener in listeners))
        tappers += listeners
    return tappers


async def run(options: argparse.Namespace) -> None:
    tokens = json.loads(options.tokens.read_text())[: options.sockets]
    tally = Tally(len(tokens) * options.taps)
    tappers = await connect(options.url, tokens, tally, options.drop, options.taps)
    print(json.dumps({"connected": len(tappers)}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    start = time.perf_counter()
    for tapper in tappers:
        tapper.tap()
    try:
        await asyncio.wait_for(tally.done.wait(), PATIENCE_SECONDS)
    finally:
        seconds, waits = time.perf_counter() - start, sorted(tally.waits)
        measured = {
            "seconds": seconds,
            "answered": len(waits),
            "due": tally.due,
            "won": tally.won,
            "codes": tally.codes,
            "p50": waits[len(waits) // 2] * 1000,
            "p99": waits[int(len(waits) * 0.99)] * 1000,
        }
        print(json.dumps(measured), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="+")
    parser.add_argument("--tokens", type=Path, required=True)
    parser.add_argument("--drop", type=int, required=True)
    parser.add_argument("--sockets", type=int, default=2000)
    parser.add_argument("--taps", type=int, default=15)
    asyncio.run(run(parser.parse_args()))
    # Stays until it was read what this took of the machine.
    sys.stdin.readline()


if __name__ == "__main__":
    main()
