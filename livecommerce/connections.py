"""Connections: whether one that waited in the pool can be used, without asking the database each time."""

from __future__ import annotations

import select
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool


def check_when_heard(connection: Connection[Any]) -> None:
    """Try a pooled connection only when its socket has something to read.

    A database that ended it, or stopped, has said so: then trying it fails, and the pool opens another. One on which
    nothing was heard is as good as when it was put back; a trip for each request would tell the same.
    """
    listener = select.poll()
    listener.register(connection.fileno(), select.POLLIN)
    if listener.poll(0):
        ConnectionPool.check_connection(connection)
