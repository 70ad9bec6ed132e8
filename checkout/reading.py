"""Reading: all that a batch of taps has to know, in one trip to the database.

The rule guarded here: the stock rows are locked first, and everything else, the time included, is read after that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from catalog.models import Stock
from checkout.inserting import draw_ids, texts, uuids
from checkout.models import BuyerQuota, Hold
from checkout.quotas import ask_quotas
from checkout.shelf import HoldRequest, Subject, rows_of
from livecommerce.clock import database_now, learn_time
from livecommerce.trips import Question, one_trip, send
from streams.models import Drop

type Known = dict[tuple[UUID, str], Hold]

_HOLD_FIELDS = [field.attname for field in Hold._meta.concrete_fields]
_rows_of_drop = Question(lambda pk: rows_of(("drop", pk)).locked())
_rows_of_variant = Question(lambda pk: rows_of(("variant", pk)).locked())
_drop = Question(lambda pk: Drop.objects.filter(pk=pk))


@dataclass(slots=True)
class Reading:
    """What was read of one subject, for one batch."""

    rows: list[Stock]
    drop: Drop | None
    now: datetime
    known: Known
    quotas: dict[UUID, BuyerQuota]
    # Ids for new holds, drawn beforehand where that saves a trip.
    ids: Iterator[int]


def read_locked(subject: Subject, requests: Sequence[HoldRequest], now: datetime | None) -> Reading:
    """Lock the stock rows of a subject and read what decides about these requests. `now` is the database's time."""
    kind, pk = subject
    quick, left_at = connection.vendor == "postgresql", datetime.now(UTC)
    with one_trip():
        rows = (_rows_of_drop if kind == "drop" else _rows_of_variant).ask(pk)
        # After the lock: a batch may have waited for it.
        moment = send("SELECT clock_timestamp()") if quick and now is None else None
        drops = _drop.ask(pk) if kind == "drop" else list
        known = ask_known(requests)
        quotas = ask_quotas(
            drop_id=pk if kind == "drop" else None,
            variant_id=pk if kind == "variant" else None,
            buyers={request.buyer_id for request in requests},
        )
        ids = draw_ids(len(requests)) if quick else list
    if moment is not None:
        now = learn_time(moment.rows[0][0], asked_at=left_at)
    return Reading(rows(), next(iter(drops()), None), now or database_now(), known(), quotas(), iter(ids()))


def ask_known(requests: Sequence[HoldRequest]) -> Callable[[], Known]:
    """Look for the holds that these very requests have made before; what comes back gives them after the trip."""
    if connection.vendor != "postgresql":
        buyers, keys = {request.buyer_id for request in requests}, {request.key for request in requests}
        found = {(hold.buyer_id, hold.key): hold for hold in Hold.objects.filter(buyer__in=buyers, key__in=keys)}
        return lambda: found
    # LIMIT keeps to the index: tables grow faster in a rush than what the planner believes of them, and it reads all.
    sent = send(
        f"""
        SELECT hold.* FROM unnest(%s::uuid[], %s::text[]) AS asked(buyer, key), LATERAL (
            SELECT {", ".join(_HOLD_FIELDS)} FROM checkout_hold
            WHERE buyer_id = asked.buyer AND key = asked.key LIMIT 1
        ) hold
        """,
        [uuids([request.buyer_id for request in requests]), texts([request.key for request in requests])],
    )
    return lambda: {
        (hold.buyer_id, hold.key): hold
        for hold in [Hold.from_db(connection.alias, _HOLD_FIELDS, row) for row in sent.rows]
    }
