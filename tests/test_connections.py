"""Connections that waited in the pool: one that the database ended while it waited is never handed out."""

from psycopg_pool import ConnectionPool

from livecommerce.connections import check_when_heard
from tests.servers.postgres import Postgres


def pid_of(pool: ConnectionPool) -> int:
    with pool.connection() as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row
        return int(row[0])


def test_one_that_the_database_ended_is_replaced() -> None:
    with Postgres() as postgres:
        address = postgres.create_database("pool")
        with ConnectionPool(address, min_size=1, max_size=1, check=check_when_heard) as pool:
            first = pid_of(pool)
            assert pid_of(pool) == first
            with ConnectionPool(address, min_size=1) as other, other.connection() as killer:
                killer.execute("SELECT pg_terminate_backend(%s, 5000)", [first])

            assert pid_of(pool) != first
