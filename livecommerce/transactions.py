"""Transactions that may be run again, when PostgreSQL undid one to break a circle. Rule guarded here: all or nothing.

The lock order (see docs/architecture.md) makes deadlocks rare; where two verbs still meet crosswise, the database ends
one of them whole, so running it again is safe.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection, transaction

TRIES = 4


def atomic_retry[**P, Result](verb: Callable[P, Result]) -> Callable[P, Result]:
    """Make a verb atomic and repeat it after a deadlock or a lock that took too long, with jitter.

    Inside a transaction of the caller it just takes part: only the outermost one can be repeated.
    """
    atomic = transaction.atomic(verb)

    @functools.wraps(verb)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> Result:
        if connection.in_atomic_block:
            return atomic(*args, **kwargs)
        for attempt in range(TRIES - 1):
            try:
                return atomic(*args, **kwargs)
            except OperationalError:
                connection.close_if_unusable_or_obsolete()
                time.sleep(random.uniform(0.005, 0.05) * 2**attempt)
        return atomic(*args, **kwargs)

    return repeated


@contextmanager
def snapshot() -> Generator[None]:
    """Read many things as they were at one moment, without stopping those who write.

    Inside a transaction of the caller it takes part in that one.
    """
    if connection.in_atomic_block:
        yield
        return
    sqlite: Any = connection if connection.vendor == "sqlite" else None
    usual = sqlite and sqlite.transaction_mode
    if sqlite:
        # A reader of the write-ahead log sees one moment; only the lock that we take at BEGIN has to be left alone.
        sqlite.transaction_mode = "DEFERRED"
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    finally:
        if sqlite:
            sqlite.transaction_mode = usual
