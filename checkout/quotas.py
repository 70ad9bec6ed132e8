"""Quotas: how much one buyer may have. The rule guarded here: a limit counts the buyer, not the cart, tab or device.

A row per buyer and drop (or variant of the shop) with a CHECK; it is written in the transaction that holds or frees the
units, after the stock rows were locked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q

from checkout.inserting import numbers, uuids
from checkout.models import BuyerQuota, Hold
from livecommerce.errors import Refused
from livecommerce.trips import send

# In the shop a buyer has at most this many of a variant in the bag; a drop has its own limit.
SHOP_MOST = 10
# Holds that a buyer may let run out or give back before the item is for others.
LAPSES_MOST = 3
# In the shop the budget is new after a while; a drop lasts minutes and keeps it.
LAPSES_FORGOTTEN = timedelta(hours=1)
EXTENSIONS_MOST = 1


class LimitReached(Refused):
    code = "drop.limit"
    message = "You have as many as one buyer may have. What you hold stays yours until its time is over."


class BudgetSpent(Refused):
    code = "hold.budget_spent"
    message = "You have held this several times and let it go. It is for others now."


def quotas_of(*, drop_id: int | None, variant_id: int | None, buyers: Iterable[UUID]) -> dict[UUID, BuyerQuota]:
    """Read the buyers' rows for a drop, or for a variant of the shop."""
    return ask_quotas(drop_id=drop_id, variant_id=variant_id, buyers=buyers)()


def ask_quotas(
    *, drop_id: int | None, variant_id: int | None, buyers: Iterable[UUID]
) -> Callable[[], dict[UUID, BuyerQuota]]:
    """Have the same rows read; what comes back gives them when the trip is over."""
    if connection.vendor != "postgresql":
        found = {
            row.buyer_id: row
            for row in BuyerQuota.objects.filter(drop=drop_id, variant=variant_id, buyer__in=list(buyers))
        }
        return lambda: found
    column, subject = ("drop_id", drop_id) if drop_id is not None else ("variant_id", variant_id)
    names = [field.attname for field in BuyerQuota._meta.concrete_fields]
    # One array, not a list of parameters: a rush asks for hundreds. One row for each, so that it keeps to the index.
    sent = send(
        f"""
        SELECT quota.* FROM unnest(%s::uuid[]) AS asked(buyer), LATERAL (
            SELECT {", ".join(names)} FROM checkout_buyerquota
            WHERE buyer_id = asked.buyer AND {column} = %s LIMIT 1
        ) quota
        """,
        [uuids(buyers), subject],
    )
    return lambda: {
        quota.buyer_id: quota for row in sent.rows for quota in [BuyerQuota.from_db(connection.alias, names, row)]
    }


def check_quota(quota: BuyerQuota | None, *, wanted: int, already: int, most: int, now: datetime) -> Refused | None:
    """Say why a buyer may not have `wanted` more units, or nothing. `already` are those granted a moment ago."""
    have = (quota.units if quota else 0) + already
    if have + wanted > most:
        some = f"{have} of {most}" if have else f"at most {most}"
        return LimitReached(f"One buyer may have {most}; you have {some}." if have else f"One buyer may have {some}.")
    if quota and quota.lapsed >= LAPSES_MOST and not _forgotten(quota, now):
        return BudgetSpent()
    return None


def add_units(
    *,
    drop_id: int | None,
    variant_id: int | None,
    units: Mapping[UUID, int],
    most: int,
    known: Container[UUID] | None = None,
) -> None:
    """Count units for many buyers, in at most two statements; the CHECK aborts it if anyone has too many.

    `known`: who has a row, as read under the stock's lock. Nobody looks for a row of the others, which costs a third
    less; one who has a row all the same aborts it.
    """
    regulars = dict(units) if known is None else {buyer: count for buyer, count in units.items() if buyer in known}
    newcomers = {buyer: count for buyer, count in units.items() if buyer not in regulars}
    column, subject = ("drop_id", drop_id) if drop_id is not None else ("variant_id", variant_id)
    insert = f"INSERT INTO checkout_buyerquota ({column}, buyer_id, units, max_units, lapsed, extended) "
    once = "(drop_id, buyer_id)" if drop_id is not None else "(variant_id, buyer_id) WHERE variant_id IS NOT NULL"
    upsert = f" ON CONFLICT {once} DO UPDATE SET units = checkout_buyerquota.units + excluded.units"
    for counts, conflict in ((regulars, upsert), (newcomers, "")):
        if counts:
            _insert_rows(insert, conflict, counts, (subject, most))


def _insert_rows(insert: str, conflict: str, counts: Mapping[UUID, int], alike: tuple[int | None, int]) -> None:
    if connection.vendor == "postgresql":
        rows = "SELECT %s::bigint, buyer, units, %s::int, 0, 0 FROM unnest(%s::uuid[], %s::int[]) AS new(buyer, units)"
        send(insert + rows + conflict, [*alike, uuids(counts), numbers(counts.values())])
        return
    subject, most = alike
    with connection.cursor() as cursor:
        cursor.executemany(
            insert + "VALUES (%s, %s, %s, %s, 0, 0)" + conflict,
            [(subject, buyer.hex, count, most) for buyer, count in counts.items()],
        )


def free_units(*, holds: Sequence[Hold], lapsed: bool, now: datetime) -> None:
    """Give back the units of holds that ended, and count the lapse against the budget."""
    units: Counter[tuple[int | None, int | None, UUID]] = Counter()
    ended: Counter[tuple[int | None, int | None, UUID]] = Counter()
    for hold in holds:
        units[_subject(hold)] += hold.quantity
        # An offer from the queue that passes is nobody's fault.
        ended[_subject(hold)] += int(lapsed and hold.offered_at is None)
    for quota in _locked(holds):
        subject = (quota.drop_id, quota.variant_id, quota.buyer_id)
        quota.units -= units[subject]
        if ended[subject]:
            quota.lapsed = (0 if _forgotten(quota, now) else quota.lapsed) + ended[subject]
            quota.lapsed_at = now
        quota.save(update_fields=["units", "lapsed", "lapsed_at"])


def spend_extension(*, hold: Hold) -> bool:
    """Use up the one extension that a buyer has for an item; False when it was used before."""
    drop_id, variant_id, buyer_id = _subject(hold)
    unused = BuyerQuota.objects.filter(drop=drop_id, variant=variant_id, buyer=buyer_id, extended__lt=EXTENSIONS_MOST)
    return bool(unused.update(extended=1))


def _locked(holds: Sequence[Hold]) -> Iterable[BuyerQuota]:
    drops = {hold.drop_id for hold in holds if hold.drop_id}
    variants = {hold.variant_id for hold in holds if not hold.drop_id}
    rows = BuyerQuota.objects.filter(
        Q(drop__in=drops) | Q(variant__in=variants), buyer__in={hold.buyer_id for hold in holds}
    )
    subjects = {_subject(hold) for hold in holds}
    locked = rows.order_by("pk").select_for_update(no_key=True)
    return [row for row in locked if (row.drop_id, row.variant_id, row.buyer_id) in subjects]


def _subject(hold: Hold) -> tuple[int | None, int | None, UUID]:
    return (hold.drop_id, None if hold.drop_id else hold.variant_id, hold.buyer_id)


def _forgotten(quota: BuyerQuota, now: datetime) -> bool:
    return quota.drop_id is None and quota.lapsed_at is not None and quota.lapsed_at <= now - LAPSES_FORGOTTEN
