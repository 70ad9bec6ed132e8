"""The load side of paid orders, in a process of its own: buyers behind sockets who hold, order and pay, and again.

    python -m bench.buyers 8000 8001 --tokens tokens.json --drop 1 --buyers 200 --at-once 12 --seconds 60

A hold goes over the buyer's socket, order and payment over HTTP connections that are kept open. An order counts when
the answer to its payment says that it is paid. Prints a line when all are connected, waits for a line on standard
input, then prints what was measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import picows

from bench.stage import SHOW

SLICE_SECONDS = 10
_ADDRESS = {
    "name": "Mia Brandt",
    "street": "Prinsengracht 1",
    "postcode": "1015 DV",
    "town": "Utrecht",
    "country": "NL",
}


class Tally:
    """What all buyers of this process heard."""

    def __init__(self) -> None:
        self.steps: dict[str, list[float]] = {"hold": [], "order": [], "pay": [], "all": []}
        self.paid_at: list[float] = []
        self.troubles: Counter[str] = Counter()


class Buyer(picows.WSListener):
    """One viewer of the show; hears its own replies and passes over the rest."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.bought = 0
        self.welcomed = asyncio.get_running_loop().create_future()
        self.reply: asyncio.Future[dict[str, Any]] | None = None

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is picows.WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        if frame.msg_type is not picows.WSMsgType.TEXT:
            return
        head = bytes(frame.get_payload_as_memoryview()[:12])
        if head.startswith(b'{"welcome"'):
            self.welcomed.set_result(None)
        elif head.startswith(b'{"reply"') and self.reply:
            self.reply.set_result(json.loads(frame.get_payload_as_bytes()))

    async def hold(self, drop: int, key: str) -> int:
        """Hold one unit; return the hold's id."""
        self.reply = asyncio.get_running_loop().create_future()
        asked = {"type": "hold.place", "id": key, "drop": drop, "quantity": 1, "key": key}
        self.transport.send(picows.WSMsgType.TEXT, json.dumps(asked).encode())
        answer = await self.reply
        if "ok" not in answer:
            raise ConnectionError(answer["error"]["code"])
        return int(answer["ok"]["hold"])


class Line:
    """One HTTP connection that is kept open."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def post(self, path: str, body: dict[str, Any], token: str) -> dict[str, Any]:
        """Send JSON, return JSON."""
        sent = json.dumps(body).encode()
        head = (
            f"POST /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
        )
        self.writer.write(head.encode() + sent)
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        answer: dict[str, Any] = json.loads(await self.reader.readexactly(int(headers["content-length"])))
        if "error" in answer:
            raise ConnectionError(answer["error"]["code"])
        return answer


async def buy(buyer: Buyer, line: Line, drop: int, tally: Tally) -> None:
    """Hold, order, pay; write down what each step took."""
    key = f"{drop}-{buyer.bought}"
    buyer.bought += 1
    moments = [time.perf_counter()]
    hold = await buyer.hold(drop, key)
    moments.append(time.perf_counter())
    # A household of their own: people at one address share the limit of a drop.
    home = {
        "email": f"{buyer.token[4:16]}@example.test",
        "address": _ADDRESS | {"street": f"Prinsengracht {buyer.token[4:16]}"},
    }
    wanted = {"holds": [hold], **home, "key": key}
    order = await line.post("orders", wanted, buyer.token)
    moments.append(time.perf_counter())
    paid = await line.post(f"orders/{order['code']}/pay", {"card": "4242424242424242"}, buyer.token)
    moments.append(time.perf_counter())
    if paid["state"] != "paid":
        raise ConnectionError(paid["state"])
    tally.paid_at.append(moments[-1])
    for step, began, ended in zip(("hold", "order", "pay"), moments, moments[1:], strict=False):
        tally.steps[step].append(ended - began)
    tally.steps["all"].append(moments[-1] - moments[0])


async def hand(
    waiting: asyncio.Queue[Buyer], port: int, options: argparse.Namespace, until: float, tally: Tally
) -> None:
    """Let the buyer who waited longest buy, then the next, until the time is over."""
    line = Line(port)
    await line.open()
    while time.perf_counter() < until:
        buyer = await waiting.get()
        try:
            await buy(buyer, line, options.drop, tally)
        except ConnectionError as trouble:
            tally.troubles[str(trouble)] += 1
        waiting.put_nowait(buyer)


async def connect(options: argparse.Namespace) -> asyncio.Queue[Buyer]:
    waiting: asyncio.Queue[Buyer] = asyncio.Queue()
    for number, token in enumerate(json.loads(options.tokens.read_text())[-options.buyers :]):
        url = f"ws://127.0.0.1:{options.ports[number % len(options.ports)]}/ws/shows/{SHOW}/"
        _, buyer = await picows.ws_connect(lambda token=token: Buyer(token), f"{url}?visitor={token}")
        await buyer.welcomed
        waiting.put_nowait(buyer)
    return waiting


async def run(options: argparse.Namespace) -> None:
    tally = Tally()
    waiting = await connect(options)
    print(json.dumps({"connected": waiting.qsize()}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    began = time.perf_counter()
    until = began + options.seconds
    ports = [options.ports[number % len(options.ports)] for number in range(options.at_once)]
    await asyncio.gather(*(hand(waiting, port, options, until, tally) for port in ports))
    paid = [moment - began for moment in tally.paid_at if moment <= until]
    slices = Counter(int(moment // SLICE_SECONDS) for moment in paid)
    slowest = min(slices[number] for number in range(max(1, options.seconds // SLICE_SECONDS)))
    measured: dict[str, Any] = {
        "paid": len(paid),
        "per_second": len(paid) / options.seconds,
        "slowest": slowest / min(SLICE_SECONDS, options.seconds),
        "troubles": dict(tally.troubles),
    }
    for step, waits in tally.steps.items():
        waits.sort()
        measured[step] = [waits[int(len(waits) * share)] * 1000 for share in (0.5, 0.99)]
    print(json.dumps(measured), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ports", type=int, nargs="+")
    parser.add_argument("--tokens", type=Path, required=True)
    parser.add_argument("--drop", type=int, required=True)
    parser.add_argument("--buyers", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=12)
    parser.add_argument("--seconds", type=int, default=60)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
