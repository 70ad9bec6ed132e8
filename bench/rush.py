"""The rush: buyers who tap at the same moment, over real sockets and straight at the database, on a durable PostgreSQL.

python -m bench.rush                     the whole table, medians of three rounds
python -m bench.rush --rows database --rounds 1
python -m bench.rush --rows paid
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from contextlib import ExitStack
from typing import Any

from bench.stage import ROOT, SHOW, Stage, Watch, new_port

UNITS = 15_000
SOCKETS, TAPS = 2000, 15
# Way, units, taps, at once. One by one is slow, and its rate needs no 15,000; the last row is a sold-out rush.
ROWS_AT_DATABASE = (
    ("batch", UNITS, 20_000, 200),
    ("lock", 3000, 4000, 200),
    ("conditional", 3000, 4000, 200),
    ("batch", UNITS, 20_000, 1000),
    ("batch", 1, 20_000, 200),
)

_SERVE = (sys.executable, "manage.py", "serve", "--web-only", "--host", "127.0.0.1", "--port", "{port}")

_NEW_DROP = """
from datetime import timedelta
from catalog.models import Brand, Variant
from catalog.products import ProductDraft, VariantDraft, list_product
from catalog.stock import receive_stock
from livecommerce.clock import database_now
from livecommerce.money import Money
from streams.drops import announce_drop, close_drop
from streams.models import Drop, Show
now = database_now()
show = Show.objects.get(slug="bench")
for drop in Drop.objects.running():
    close_drop(drop=drop, now=now)
count = Variant.objects.count()
cup = VariantDraft(sku=f"CUP-{count}", price=Money(2800, "EUR"), units={units})
draft = ProductDraft(name="Cup", slug=f"cup-{count}", variants=[cup])
product = list_product(brand=show.brand, draft=draft, actor=None, now=now)
drop = announce_drop(
    show=show, items=[(product.variants.get(), {units})], price=Money(2100, "EUR"), per_buyer={limit}, opens_in=0,
    window=1200, hold_seconds=1800, actor=show.host.user, now=now - timedelta(seconds=60),
)
print(drop.pk)
"""


def new_drop(stage: Stage, *, units: int, limit: int) -> int:
    """Put a fresh drop on sale; return its id."""
    code = _NEW_DROP.replace("{units}", str(units)).replace("{limit}", str(limit))
    drop = int(stage.manage("shell", "--no-imports", "-c", code))
    stage.keep_log_files()
    return drop


def sockets(stage: Stage, *, processes: int, units: int, sockets: int = SOCKETS, taps: int = TAPS) -> dict[str, Any]:
    """Let buyers tap through web processes; return what they heard and what the audit says."""
    drop = new_drop(stage, units=units, limit=taps)
    with ExitStack() as stack:
        ports = [new_port() for _ in range(processes)]
        for port in ports:
            stack.enter_context(stage.serving(*_SERVE, port=port))
        urls = [f"ws://127.0.0.1:{port}/ws/shows/{SHOW}/" for port in ports]
        load = subprocess.Popen(
            [
                *(sys.executable, "-m", "bench.tappers", *urls, "--tokens", str(stage.tokens), "--drop", str(drop)),
                *("--sockets", str(sockets), "--taps", str(taps)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert load.stdin
        assert load.stdout
        load.stdout.readline()
        watch = Watch()
        load.stdin.write("\n")
        load.stdin.flush()
        heard: dict[str, Any] = {**json.loads(load.stdout.readline()), **watch.read()}
        load.communicate()
    stage.manage("audit")
    return heard


def database(stage: Stage, *, way: str, units: int, concurrency: int, taps: int) -> dict[str, Any]:
    """Tap one way, straight at the database."""
    drop = new_drop(stage, units=units, limit=1)
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.holds_at_database",
            way,
            "--drop",
            str(drop),
            "--concurrency",
            str(concurrency),
            "--buyers",
            str(taps),
        ],
        cwd=ROOT,
        env=stage.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(ran.stderr)
    measured: dict[str, Any] = json.loads(ran.stdout.strip().rpartition("\n")[2])
    return measured


def median(rounds: list[dict[str, Any]], name: str) -> float:
    return statistics.median(one[name] for one in rounds)


def table_of_sockets(stage: Stage, rounds: int) -> None:
    print("| work | all answered in s | answers/s | holds | p50 ms | p99 ms | others |\n" + "|---" * 7 + "|")
    rows = (
        ("15,000 units, 30,000 taps, 2,000 sockets, one process", 1, UNITS, SOCKETS, TAPS),
        ("same, two processes", 2, UNITS, SOCKETS, TAPS),
        ("sold out: 30,000 taps for 1 unit, one process", 1, 1, SOCKETS, TAPS),
        ("the last three: 500 sockets tap once at the opening, two processes", 2, 3, 500, 1),
    )
    for title, processes, units, at_once, taps in rows:
        heard = [sockets(stage, processes=processes, units=units, sockets=at_once, taps=taps) for _ in range(rounds)]
        won = sorted({one["won"] for one in heard})
        rate = statistics.median(one["answered"] / one["seconds"] for one in heard)
        print(
            f"| {title} | {median(heard, 'seconds'):.2f} | {rate:,.0f} | {', '.join(map(str, won))} "
            f"| {median(heard, 'p50'):.0f} | {median(heard, 'p99'):.0f} | {median(heard, 'others'):.0%} |",
            flush=True,
        )


def table_of_the_database(stage: Stage, rounds: int) -> None:
    print("\n| way | units | taps | at once | holds/s | answers/s | p50 ms | p99 ms | others |\n" + "|---" * 9 + "|")
    for way, units, taps, concurrency in ROWS_AT_DATABASE:
        taken = [database(stage, way=way, units=units, concurrency=concurrency, taps=taps) for _ in range(rounds)]
        assert all(one["won"] == one["rows"] == one["taken"] == units for one in taken), taken
        print(
            f"| {way} | {units:,} | {taps:,} | {concurrency:,} | {median(taken, 'holds_per_second'):,.0f} "
            f"| {median(taken, 'answers_per_second'):,.0f} | {median(taken, 'p50'):.0f} | {median(taken, 'p99'):.0f} "
            f"| {median(taken, 'others'):.0%} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="sockets,database,paid")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with Stage(guests=20_000) as stage:
        if "sockets" in options.rows:
            table_of_sockets(stage, options.rounds)
        if "database" in options.rows:
            table_of_the_database(stage, options.rounds)
        if "paid" in options.rows:
            from bench.paid import table_of_paid_orders

            table_of_paid_orders(stage, options.rounds)


if __name__ == "__main__":
    main()
