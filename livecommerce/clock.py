"""The clock: the database's, for everybody. Rule guarded here: no two machines disagree about when a thing is over.

Moments that decide (a drop opens, a hold ends) are compared with the time of the database. Verbs take `now`; whoever
calls them reads it here.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connection

# So old a measurement of the two clocks may be, in seconds, where a request would ask for nothing else.
MEASURED_SECONDS = 5.0


class _Offset:
    """How far this machine's clock is from the database's, as last measured, and when that was."""

    ahead = timedelta(0)
    measured = -MEASURED_SECONDS


def database_now() -> datetime:
    """Ask the database what time it is. SQLite lives in this machine and has its clock."""
    if connection.vendor != "postgresql":
        return datetime.now(UTC)
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        # Not now(), which stands still through a transaction that may have waited for a lock.
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    after = datetime.now(UTC)
    _Offset.ahead, _Offset.measured = moment - (before + (after - before) / 2), time.monotonic()
    return moment.astimezone(UTC)


def measured_now() -> datetime:
    """Tell the time of the database, which is asked when the two clocks were not compared for five seconds."""
    return database_now() if time.monotonic() - _Offset.measured > MEASURED_SECONDS else receipt_time()


def learn_time(moment: datetime, *, asked_at: datetime) -> datetime:
    """Take note of what the database's clock said at some moment since `asked_at`, perhaps after a wait; return it.

    It only bounds the offset: what lies within the bounds may be the better measurement and stays.
    """
    least, most = moment - datetime.now(UTC), moment - asked_at
    _Offset.ahead = min(max(_Offset.ahead, least), most)
    return moment.astimezone(UTC)


def receipt_time() -> datetime:
    """Tell the time of the database without asking it, for the moment at which a request came in.

    The offset is measured each time the database tells its time, which it does many times a second while things sell.
    """
    return datetime.now(UTC) + _Offset.ahead
