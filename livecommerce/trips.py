"""Trips to the database: several statements for one way there and back. Rule guarded here: their order stays.

In a rush a thread that comes back from the database waits for its turn among the threads of its process, so what counts
is how often it goes, not how much it asks. On PostgreSQL the statements of a trip leave in one message and are run one
after the other; each sees what was committed before it began (also while the one before waited for a lock), and the
first error ends them all. Each is planned once for a connection, which therefore has to be our own: no pooler between
that hands it on. SQLite lives in this very process; there each is run as it comes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from django.db.models import QuerySet
from django.db.models.query import ModelIterable
from psycopg.sql import Literal


class Sent:
    """A statement of a trip; its rows are there when the trip is over."""

    __slots__ = ("parameters", "rows", "sql")

    def __init__(self, sql: str, parameters: Sequence[object]) -> None:
        self.sql, self.parameters = sql, parameters
        self.rows: list[tuple[Any, ...]] = []


class _Luggage(threading.local):
    """What this thread has packed for its trip; None when it is at home."""

    packed: list[Sent] | None = None


_luggage = _Luggage()


@contextmanager
def one_trip() -> Iterator[None]:
    """Let the statements that are sent in this block leave together at its end, which raises Django's own errors.

    Whatever goes to the database in another way within the block is there before them.
    """
    packed = _luggage.packed = []
    try:
        yield
    finally:
        _luggage.packed = None
    if packed:
        _travel(packed)


def send(sql: str, parameters: Sequence[object] = ()) -> Sent:
    """Send a statement to PostgreSQL, within a trip or alone."""
    sent = Sent(sql, parameters)
    if _luggage.packed is None:
        _travel([sent])
    else:
        _luggage.packed.append(sent)
    return sent


def _travel(packed: Sequence[Sent]) -> None:
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.ClientCursor(connection.connection) as cursor:
        names = _plans.setdefault(connection.connection, {})
        for sent in packed:
            if sent.sql not in names:
                _plan(cursor, sent.sql, names)
        message = "; ".join(f"EXECUTE {names[sent.sql]}{_places(sent)}" for sent in packed)
        cursor.execute(message, [value for sent in packed for value in sent.parameters])
        for sent in packed:
            # Not `description`, which describes every column: most of what is asked in a rush finds nothing.
            if cursor.pgresult and cursor.pgresult.ntuples:
                sent.rows = cursor.fetchall()
            cursor.nextset()


def _places(sent: Sent) -> str:
    return f"({', '.join(['%s'] * len(sent.parameters))})" if sent.parameters else ""


# The statements that a connection has planned, by their text. A plan outlives the transaction it was made in.
_plans: WeakKeyDictionary[psycopg.Connection[Any], dict[str, str]] = WeakKeyDictionary()


def _plan(cursor: psycopg.ClientCursor[Any], sql: str, names: dict[str, str]) -> None:
    name, numbers = f"trip_{len(names)}", count(1)
    numbered = "".join(f"${next(numbers)}{part}" if n else part for n, part in enumerate(sql.split("%s")))
    cursor.execute(f"PREPARE {name} AS {numbered}".encode())
    names[sql] = name


class Question[Row]:
    """A question about one id, worded by the ORM once and then only asked: wording it takes longer than answering.

    `about(id)` gives a queryset of models or of `values_list`. It is the same one that SQLite is asked, so there is no
    second wording to keep.
    """

    # Stands for the id in the wording.
    _ID = -7_061_945

    def __init__(self, about: Callable[[int], QuerySet[Any, Row]]) -> None:
        self._about = about
        self._worded: _Wording[Row] | None = None

    def ask(self, pk: int) -> Callable[[], list[Row]]:
        """Send the question; what comes back gives the rows when the trip is over."""
        if connection.vendor != "postgresql":
            rows = list(self._about(pk))
            return lambda: rows
        worded = self._worded
        if worded is None:
            worded = self._worded = _Wording(self._about(self._ID), self._ID)
        sent = send(worded.sql, [pk] * worded.places)
        return lambda: worded.rows(sent)


class _Wording[Row]:
    """What the ORM makes of a queryset, kept: the statement, and how its rows become objects.

    Only the id stays open in it. What else the queryset says is written out, or a plan that is kept could not use an
    index of the open holds alone, say: it would have to be right for any state.
    """

    def __init__(self, queryset: QuerySet[Any, Row], pk: int) -> None:
        connection.ensure_connection()
        self._compiler = queryset.query.get_compiler(connection.alias)
        worded, values = self._compiler.as_sql()
        self.places = values.count(pk)
        self.sql = worded % tuple(
            "%s" if value == pk else Literal(value).as_string(connection.connection) for value in values
        )
        self._converters = self._compiler.get_converters([column for column, _, _ in self._compiler.select])
        self._of_models = queryset._iterable_class is ModelIterable
        self._model = queryset.model
        self._names = [field.attname for field in queryset.model._meta.concrete_fields]

    def rows(self, sent: Sent) -> list[Row]:
        rows: list[Any] = sent.rows
        if self._converters:
            rows = list(map(tuple, self._compiler.apply_converters(rows, self._converters)))
        return [self._model.from_db(connection.alias, self._names, row) for row in rows] if self._of_models else rows
