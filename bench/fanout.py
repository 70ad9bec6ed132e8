"""Fan-out: viewers x rate x server, from post to receipt, every message stored; stock Channels and Node beside it.

python -m bench.fanout                 the whole table, medians of three rounds
python -m bench.fanout --rows full --rounds 1
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil

from bench.stage import ROOT, SHOW, Load, Stage, Watch, new_port, settle

_SERVE = (sys.executable, "manage.py", "serve", "--web-only", "--host", "127.0.0.1", "--port", "{port}")
_UVICORN = (
    *(sys.executable, "-m", "uvicorn", "livecommerce.asgi:application", "--host", "127.0.0.1", "--port", "{port}"),
    *("--ws", "websockets-sansio", "--ws-per-message-deflate", "false", "--log-level", "warning", "--backlog", "4096"),
)
_STOCK = (
    *(sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "-v", "0"),
    "bench.stock_channels:application",
)
_NODE = ("node", str(ROOT / "bench" / "node_broadcast.mjs"), "{port}")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    name: str
    title: str
    command: tuple[str, ...] = _SERVE
    kind: str = "ours"
    viewers: int = 2000
    rate: float = 100
    messages: int = 1000
    patience: float = 30
    state_per_second: float = 0
    environment: dict[str, str] = field(default_factory=dict)


ROWS = (
    Row(name="full", title="2,000 viewers, 100/s, Redis, Daphne"),
    Row(name="embedded", title="2,000 viewers, 100/s, in memory, Daphne", environment={"REDIS_URL": ""}),
    Row(name="uvicorn", title="2,000 viewers, 100/s, Redis, uvicorn", command=_UVICORN),
    Row(name="stock", title="2,000 viewers, 100/s, stock Channels, Daphne", command=_STOCK, kind="plain", messages=200),
    Row(name="node", title="2,000 viewers, 100/s, Node ws", command=_NODE, kind="plain"),
    Row(name="five", title="5,000 viewers, 50/s, Redis, Daphne", viewers=5000, rate=50, messages=500),
    Row(
        name="nine", title="9,000 viewers, 20/s + stock 5/s, Redis, Daphne",
        viewers=9000, rate=20, messages=200, state_per_second=5,
    ),
)  # fmt: skip


def measure(stage: Stage, row: Row, *, rounds: int) -> dict[str, Any]:
    """Run one row; return its medians."""
    port = new_port()
    stage_redis_empty(stage)
    with stage.serving(*row.command, port=port, environment=row.environment) as server:
        settle(server)
        before = server.memory_info().rss
        path = f"/ws/shows/{SHOW}/" if row.kind == "ours" else "/"
        load = Load(
            row.kind,
            f"ws://127.0.0.1:{port}{path}",
            tokens=stage.tokens if row.kind == "ours" else None,
            viewers=row.viewers,
            rate=row.rate,
            messages=row.messages,
            rounds=rounds,
            patience=row.patience,
        )
        try:
            facts = load.hear()
            settle(server)
            idle = (server.memory_info().rss - before) / row.viewers / 1024
            load.go_on()
            with stock_news(stage, row):
                heard = [_round(load, server) for _ in range(rounds)]
        finally:
            load.end()
    medians = {name: statistics.median(one[name] for one in heard) for name in heard[0]}
    return {**medians, "connect": facts["per_second"], "idle_kb": idle}


def _round(load: Load, server: psutil.Process) -> dict[str, Any]:
    load.hear()
    settle(server)
    before, watch = sum(server.cpu_times()[:2]), Watch()
    load.go_on()
    heard = load.hear()
    heard["cpu"] = sum(server.cpu_times()[:2]) - before
    return {**heard, **watch.read()}


def stage_redis_empty(stage: Stage) -> None:
    """Killed servers leave members in their groups."""
    import redis

    redis.Redis.from_url(stage.redis.url).flushall()


@contextmanager
def stock_news(stage: Stage, row: Row) -> Iterator[None]:
    """Publish stock from another process while the row runs, as a second web process or a worker would."""
    if not row.state_per_second:
        yield
        return
    import subprocess

    command = [sys.executable, "-m", "bench.stock_news", SHOW, str(row.state_per_second)]
    news = subprocess.Popen(command, cwd=ROOT, env=stage.environment)
    try:
        yield
    finally:
        news.kill()
        news.wait()


HEADINGS = (
    "| work | deliveries/s | all delivered | p50 ms | p99 ms | connect/s | CPU s per 10,000 | KB per idle viewer "
    "| load side, of one core | others, of the machine |",
    "|---|---|---|---|---|---|---|---|---|---|",
)


def line(row: Row, facts: dict[str, Any]) -> str:
    """Write one line of the table."""
    share = facts["received"] / facts["due"]
    cpu = facts["cpu"] / max(1, facts["received"]) * 10_000
    told = "yes" if share == 1 and not facts["gaps"] else f"{share:.1%}"
    return (
        f"| {row.title} | {facts['per_second']:,.0f} | {told} | {facts['p50']:.0f} | {facts['p99']:.0f} "
        f"| {facts['connect']:,.0f} | {cpu:.3f} | {facts['idle_kb']:.0f} "
        f"| {facts['load_cpu'] / facts['seconds']:.0%} | {facts['others']:.0%} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default=",".join(row.name for row in ROWS))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    chosen = [row for row in ROWS if row.name in options.rows.split(",")]
    with Stage(guests=max(row.viewers for row in chosen)) as stage:
        print(*HEADINGS, sep="\n", flush=True)
        for row in chosen:
            print(line(row, measure(stage, row, rounds=options.rounds)), flush=True)


if __name__ == "__main__":
    main()
