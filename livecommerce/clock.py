"""The clock: the database's, for everybody. Rule guarded here: no two machines disagree about when a thing is over.

Moments that decide (a drop opens, a hold ends) are compared with the time of the database. Verbs take `now`; whoever
calls them reads it here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection


class _Offset:
    """How far this machine's clock is from the database's, as last measured."""

    ahead = timedelta(0)


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
    _Offset.ahead = moment - (before + (after - before) / 2)
    return moment.astimezone(UTC)


def receipt_time() -> datetime:
    """Tell the time of the database without asking it, for the moment at which a request came in.

    The offset is measured at each `database_now`, of which a process that sells makes many a second.
    """
    return datetime.now(UTC) + _Offset.ahead
