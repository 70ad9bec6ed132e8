"""Paid orders: how many a second are held, ordered and paid on one drop, with the chat going on beside it.

python -m bench.rush --rows paid        the table, medians of three rounds
python -m bench.paid --rounds 1 --seconds 20
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from bench.rush import new_drop
from bench.stage import ROOT, SHOW, Load, Stage, new_port
from tests.servers.child import Child

SECONDS = 60
UNITS = 20_000
LIMIT = 1000
PROCESSES_AND_BUYERS = ((1, 64), (1, 12), (2, 64))
CHAT_PER_SECOND, CHAT_VIEWERS = 50, 500

_SERVE = (sys.executable, "manage.py", "serve", "--web-only", "--host", "127.0.0.1", "--port", "{port}")
# One worker with the schedule inside, for one machine: it sends the mails of these orders, too.
_WORK = (sys.executable, "-m", "celery", "-A", "livecommerce", "worker", "--beat", "--concurrency=1", "-l", "error")

_MAILS_LEFT = "from checkout.models import Outbox; print(Outbox.objects.filter(done_at=None).count())"


def paid_orders(stage: Stage, *, seconds: int, at_once: int, processes: int) -> dict[str, Any]:
    """Let buyers buy for so long while viewers chat; return what they heard, the chat's lateness, and mails unsent."""
    drop = new_drop(stage, units=UNITS, limit=LIMIT)
    ports = [new_port() for _ in range(processes)]
    environment = {"EMAIL_URL": f"file://{stage.folder}/mails"}
    with ExitStack() as servers:
        servers.enter_context(working(stage, environment))
        for port in ports:
            servers.enter_context(stage.serving(*_SERVE, port=port, environment=environment))
        chat = Load(
            *("ours", f"ws://127.0.0.1:{ports[0]}/ws/shows/{SHOW}/"),
            tokens=stage.tokens,
            viewers=CHAT_VIEWERS,
            rate=CHAT_PER_SECOND,
            messages=CHAT_PER_SECOND * seconds,
        )
        buyers = subprocess.Popen(
            [
                *(sys.executable, "-m", "bench.buyers", *map(str, ports), "--tokens", str(stage.tokens)),
                *("--drop", str(drop), "--seconds", str(seconds), "--at-once", str(at_once)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert buyers.stdin
        assert buyers.stdout
        try:
            chat.hear()
            chat.go_on()
            chat.hear()
            buyers.stdout.readline()
            chat.go_on()
            buyers.stdin.write("\n")
            buyers.stdin.flush()
            heard: dict[str, Any] = json.loads(buyers.stdout.readline())
            heard["mails_left"] = int(stage.manage("shell", "--no-imports", "-c", _MAILS_LEFT))
            heard["chat"] = chat.hear()
        finally:
            chat.end()
            buyers.kill()
            buyers.wait()
    stage.manage("audit")
    return heard


@contextmanager
def working(stage: Stage, environment: dict[str, str]) -> Iterator[None]:
    """Run the worker until the block ends."""
    schedule = f"--schedule={stage.folder}/beat"
    child = Child(
        [*_WORK, schedule], log=stage.folder / "worker.log", env={**stage.environment, **environment}, cwd=ROOT
    )
    try:
        yield
    finally:
        child.stop()


def table_of_paid_orders(stage: Stage, rounds: int, seconds: int = SECONDS) -> None:
    print(
        "\n| web processes | buyers at once | paid orders/s | slowest 10 s | hold p50 / p99 ms | order | pay "
        "| all three | chat p50 / p99 ms | mails unsent at the end |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for processes, at_once in PROCESSES_AND_BUYERS:
        heard = [paid_orders(stage, seconds=seconds, at_once=at_once, processes=processes) for _ in range(rounds)]
        assert not any(one["troubles"] or one["chat"]["gaps"] or one["chat"]["errors"] for one in heard), heard
        steps = " | ".join(_pair(heard, step) for step in ("hold", "order", "pay", "all"))
        chats = [one["chat"] for one in heard]
        chat = " / ".join(f"{statistics.median(chat[name] for chat in chats):.0f}" for name in ("p50", "p99"))
        print(
            f"| {processes} | {at_once} | {_median(heard, 'per_second'):.1f} | {_median(heard, 'slowest'):.1f} "
            f"| {steps} | {chat} | {_median(heard, 'mails_left'):.0f} |",
            flush=True,
        )


def _median(rounds: list[dict[str, Any]], name: str) -> float:
    return statistics.median(one[name] for one in rounds)


def _pair(rounds: list[dict[str, Any]], step: str) -> str:
    return " / ".join(f"{statistics.median(one[step][place] for one in rounds):.0f}" for place in (0, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    options = parser.parse_args()
    with Stage(guests=1000) as stage:
        table_of_paid_orders(stage, options.rounds, options.seconds)


if __name__ == "__main__":
    main()
