"""The database side of the rush: three ways to take a unit, on the product's own tables, until buyers or units end.

    python -m bench.holds_at_database batch --drop 1 --buyers 20000 --concurrency 200

`batch` is the product's own group commit with limits, ledger and news. `lock` is one transaction per hold that begins
with SELECT … FOR UPDATE (saleor's way), `conditional` one with UPDATE … WHERE enough is left; both without limits and
ledger, which would only slow them down. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from uuid import UUID

import django
import psutil
import psycopg_pool

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "livecommerce.settings")
django.setup()

from bench.stage import Watch  # noqa: E402
from catalog.models import Stock  # noqa: E402
from checkout.holds import HoldRequest, placing  # noqa: E402
from checkout.models import Hold  # noqa: E402
from checkout.shelf import SoldOut  # noqa: E402
from livecommerce.accounts.models import Visitor  # noqa: E402
from livecommerce.clock import database_now, receipt_time  # noqa: E402
from livecommerce.management.commands.serve import SWITCH_SECONDS  # noqa: E402
from livecommerce.realtime.memory import THRESHOLDS  # noqa: E402
from streams.models import Drop  # noqa: E402

POOL = 20

type Tap = Callable[[int], Awaitable[bool]]

_INSERT = """
    INSERT INTO checkout_hold
        (key, stock_id, variant_id, drop_id, show_id, buyer_id, quantity, state, unit_price_minor, currency,
        placed_at, expires_at)
    VALUES (%s, %s, %s, %s, %s, %s, 1, 'held', 2100, 'EUR', now(), now() + interval '5 min')
"""


def batch(drop: Drop, buyers: list[UUID]) -> Tap:
    async def tap(n: int) -> bool:
        request = HoldRequest(buyer_id=buyers[n], variant_id=None, quantity=1, key=f"{drop.pk}-{n}", at=receipt_time())
        try:
            await placing.ask(("drop", drop.pk), request)
        except SoldOut:
            return False
        return True

    return tap


def lock(drop: Drop, buyers: list[UUID], pool: psycopg_pool.AsyncConnectionPool) -> Tap:
    stock = Stock.objects.get(drop_item__drop=drop)

    async def tap(n: int) -> bool:
        async with pool.connection() as connection, connection.transaction():
            cursor = await connection.execute(
                "SELECT on_hand - taken FROM catalog_stock WHERE id = %s FOR UPDATE", [stock.pk]
            )
            row = await cursor.fetchone()
            if row is None or row[0] < 1:
                return False
            await connection.execute(_INSERT, _values(n, drop, stock, buyers))
            await connection.execute("UPDATE catalog_stock SET taken = taken + 1 WHERE id = %s", [stock.pk])
            return True

    return tap


def conditional(drop: Drop, buyers: list[UUID], pool: psycopg_pool.AsyncConnectionPool) -> Tap:
    stock = Stock.objects.get(drop_item__drop=drop)

    async def tap(n: int) -> bool:
        async with pool.connection() as connection, connection.transaction():
            cursor = await connection.execute(
                "UPDATE catalog_stock SET taken = taken + 1 WHERE id = %s AND on_hand - taken >= 1", [stock.pk]
            )
            if not cursor.rowcount:
                return False
            await connection.execute(_INSERT, _values(n, drop, stock, buyers))
            return True

    return tap


def _values(n: int, drop: Drop, stock: Stock, buyers: list[UUID]) -> list[Any]:
    return [f"{drop.pk}-{n}", stock.pk, stock.variant_id, drop.pk, drop.show_id, buyers[n]]


class Rush(NamedTuple):
    """What came of it: `won_until` is when the last one who won was answered, in seconds, as `seconds` is for all."""

    seconds: float
    won: int
    won_until: float
    waits: list[float]


async def rush(tap: Tap, *, buyers: int, concurrency: int) -> Rush:
    """Let `concurrency` people tap, each again as soon as the last tap was answered."""
    # The first tap comes before the clock starts: modules, connections and plans are there when a rush begins.
    numbers, waits, won, won_until = iter(range(1, buyers)), [], int(await tap(0)), 0.0

    async def person() -> None:
        nonlocal won, won_until
        for n in numbers:
            start = time.perf_counter()
            # Two steps: `won += await` would read it before the wait and lose what others add meanwhile.
            got = await tap(n)
            won += got
            now = time.perf_counter()
            if got:
                won_until = now - began
            waits.append(now - start)

    began = time.perf_counter()
    await asyncio.gather(*(person() for _ in range(concurrency)))
    return Rush(time.perf_counter() - began, won, won_until, sorted(waits))


async def measure(way: str, drop: Drop, buyers: list[UUID], concurrency: int) -> dict[str, Any]:
    # The servers are children of the bench that started this one.
    watch = Watch(psutil.Process().parent())
    if way == "batch":
        done = await rush(batch(drop, buyers), buyers=len(buyers), concurrency=concurrency)
        await placing.close()
    else:
        tap_by = {"lock": lock, "conditional": conditional}[way]
        pool = psycopg_pool.AsyncConnectionPool(
            os.environ["DATABASE_URL"], min_size=POOL, max_size=POOL, open=False, timeout=120
        )
        async with pool:
            tap = await asyncio.to_thread(tap_by, drop, buyers, pool)
            done = await rush(tap, buyers=len(buyers), concurrency=concurrency)
    return {
        **watch.read(),
        "way": way,
        "seconds": done.seconds,
        "taps": len(buyers),
        "won": done.won,
        "holds_per_second": done.won / done.won_until if done.won_until else 0.0,
        "answers_per_second": len(buyers) / done.seconds,
        "p50": done.waits[len(done.waits) // 2] * 1000,
        "p99": done.waits[int(len(done.waits) * 0.99)] * 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=["batch", "lock", "conditional"])
    parser.add_argument("--drop", type=int, required=True)
    parser.add_argument("--buyers", type=int, default=20_000)
    parser.add_argument("--concurrency", type=int, default=200)
    options = parser.parse_args()
    database_now()
    drop = Drop.objects.get(pk=options.drop)
    buyers = list(Visitor.objects.order_by("pk").values_list("pk", flat=True)[: options.buyers])
    # As a web process does, see `manage.py serve`.
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*THRESHOLDS)
    gc.freeze()
    measured = asyncio.run(measure(options.way, drop, buyers, options.concurrency))
    stock = Stock.objects.get(drop_item__drop=drop)
    measured["rows"] = Hold.objects.filter(drop=drop).count()
    measured["taken"] = stock.taken
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
