"""The guards of stock and money, each with the way to take it out: what the negative controls of the races run without.

Called in a racer's own process only. A guard that has moved fails the control loudly instead of passing it by.
"""

import time
from contextlib import nullcontext
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from django.db import connection

from tests.checkout.signs import is_raised, meet, raise_sign, see_sign


def leave_out(names: str, *, me: int = 0) -> None:
    """Take guards away, by names joined with "and"."""
    for name in filter(None, names.split(" and ")):
        GUARDS[name](me)


def _replace(place: Any, name: str, by: Any) -> Any:
    original = getattr(place, name)
    setattr(place, name, by)
    return original


def _lock(_: int) -> None:
    """No row is locked, and the moment between reading and writing is long."""
    from catalog.models.stock import StockQuerySet
    from checkout import granting

    _replace(StockQuerySet, "locked", lambda self: self.order_by("pk"))

    def slowly(holds: Any) -> None:
        time.sleep(0.2)
        original(holds)

    original = _replace(granting, "insert_holds", slowly)


def _only_writer(_: int) -> None:
    """SQLite has no row locks: there a transaction takes the only write lock at its beginning, and here it does not."""
    from checkout import granting, queue

    if connection.vendor == "sqlite":
        _replace(granting, "transaction", SimpleNamespace(atomic=nullcontext))
        _replace(queue, "decide_joins", queue._decide)


def _ledger(_: int) -> None:
    """No entry is numbered, so two who read the same figures both write theirs."""
    from catalog import stock

    _replace(stock, "record", lambda row, **_: row.save(update_fields=["on_hand", "taken"]))


def _known_keys(_: int) -> None:
    """Nobody looks whether a key has made a hold before."""
    from checkout import granting, reading

    for place in (granting, reading):
        _replace(place, "ask_known", lambda requests: dict)


def _limit(_: int) -> None:
    """Nobody looks how much a buyer has."""
    from checkout import granting

    _replace(granting, "check_quota", lambda *_, **__: None)


def _what_was_granted(_: int) -> None:
    """Each tap of a batch is compared with what the row said before the batch, and so is the batch as a whole."""
    from checkout import granting
    from checkout.shelf import Shelf

    def take(*, stock: Any, holds: Any, **_: Any) -> None:
        stock.taken += sum(units for _, units in holds)
        stock.save(update_fields=["taken"])

    _replace(Shelf, "left", lambda self, variant_id: self.rows[variant_id].left)
    _replace(granting, "take", take)


def _order_of_locks(me: int) -> None:
    """Every other process locks stock rows the other way round."""
    _lock_one_by_one(backwards=bool(me % 2))


def _haste(_: int) -> None:
    """Not a guard: rows are locked in their order, but so slowly that two who differed would surely meet."""
    _lock_one_by_one(backwards=False)


def _lock_one_by_one(*, backwards: bool) -> None:
    from catalog.models import Stock
    from checkout import lapses

    def lock_rows(ids: Any) -> dict[int, Any]:
        rows = {}
        for pk in sorted(ids, reverse=backwards):
            rows[pk] = Stock.objects.select_for_update(no_key=True).get(pk=pk)
            time.sleep(0.1)
        return rows

    _replace(lapses, "lock_rows", lock_rows)


def _database_clock(_: int) -> None:
    """The time is that of the machine."""
    from checkout import granting
    from livecommerce import clock

    _replace(clock, "connection", SimpleNamespace(vendor="this machine"))
    original = _replace(
        granting, "read_locked", lambda subject, requests, now: original(subject, requests, now or clock.database_now())
    )


def _paying_is_nobodys_to_end(_: int) -> None:
    """The sweeper ends what a bank is still deciding about."""
    from checkout.models.hold import OPEN, HoldQuerySet

    def overdue(self: Any, now: datetime) -> Any:
        return self.filter(state__in=OPEN, paused_at__isnull=True, expires_at__lte=now)

    _replace(HoldQuerySet, "overdue", overdue)


def _look_at_what_ran_out(_: int) -> None:
    """Nothing ever runs out."""
    from checkout.models.hold import HoldQuerySet

    _replace(HoldQuerySet, "overdue", lambda self, now: self.none())


def _below_taken(_: int) -> None:
    """Stock is counted down whatever is held."""
    from catalog import stock

    _replace(stock, "BelowTaken", _NeverRaised)
    _replace(stock, "adjust_stock", _set_units)


class _NeverRaised(Exception):
    pass


def _set_units(*, variant: Any, on_hand: int, **_: Any) -> None:
    from catalog.models import Stock

    Stock.objects.shop().filter(variant=variant).update(on_hand=on_hand)


def _queue_lock(_: int) -> None:
    """Who joins looks whether something is left, and stands in line when all has come back meanwhile."""
    from catalog.models.stock import StockQuerySet
    from checkout import queue

    _replace(StockQuerySet, "locked", lambda self: self.order_by("pk"))

    def slowly(*written: Any) -> None:
        raise_sign("joining")
        see_sign("let go 0")
        see_sign("let go 1")
        original(*written)

    original = _replace(queue, "_write", slowly)


def _offer_that_nobody_has(_: int) -> None:
    """Who takes an offer waits for whoever is at it."""
    from checkout import granting
    from checkout.models import Hold

    _replace(granting, "_lock_offer", lambda pk, now: Hold.objects.select_for_update().get(pk=pk))


def _second_look(_: int) -> None:
    """Who leaves does not look again at a place that was not as it had been read."""
    from checkout import queue

    original = _replace(queue, "_leave", lambda **asked: original(**asked) or True)


def _lease(me: int) -> None:
    """Every worker believes that what is due is its own."""
    from checkout import outbox
    from checkout.models import Outbox

    def run_outbox(*, deeds: Any, now: datetime) -> int:
        due = list(Outbox.objects.due(now))
        meet(me, processes=4)
        return sum(outbox._do(row, deeds, now) for row in due)

    _replace(outbox, "run_outbox", run_outbox)


def _merge(_: int) -> None:
    """A merge lets nothing go."""
    from checkout import merging

    _replace(merging, "end_holds", lambda *_, **__: None)


def _household(_: int) -> None:
    """Nobody looks who else of a household has paid."""
    from checkout import payments

    _replace(payments, "claim_share", lambda **_: None)


def _code_lock(me: int) -> None:
    """Who counts the uses of a code reads its row without the lock, and goes on when somebody else has read it too."""
    from checkout import codes
    from checkout.models import Code

    def read(ids: Any) -> dict[int, Any]:
        found = Code.objects.in_bulk(ids)
        raise_sign(f"{me} has read the code")
        others, give_up_at = {0, 1, 2, 3} - {me}, time.monotonic() + 10
        while time.monotonic() < give_up_at and not any(is_raised(f"{one} has read the code") for one in others):
            time.sleep(0.005)
        return found

    _replace(codes, "_locked", read)


def _one_use_each(_: int) -> None:
    """Nobody looks whether a buyer has used a code."""
    from checkout import codes

    _replace(codes, "refuse_when_taken", lambda **_: None)


def _codes_go_back(_: int) -> None:
    """An order that ends unpaid keeps its code."""
    from checkout import orders

    _replace(orders, "free_codes", lambda **_: None)


def _snapshot(_: int) -> None:
    """The books are read page by page, with time between, while others write in them."""
    from checkout import alarms, audit

    _replace(alarms, "snapshot", nullcontext)
    _replace(audit, "_units", _slow(audit._units))


def _slow(act: Any) -> Any:
    def slowly(*args: Any) -> Any:
        answer = act(*args)
        time.sleep(0.05)
        return answer

    return slowly


def _one_drop_at_a_time(_: int) -> None:
    """Nobody looks whether a product is in another drop."""
    from streams import drops

    _replace(drops, "_check_stage", lambda *_, **__: time.sleep(0.2))


GUARDS = {
    "lock": _lock,
    "only writer": _only_writer,
    "ledger": _ledger,
    "known keys": _known_keys,
    "limit": _limit,
    "what was granted": _what_was_granted,
    "order of locks": _order_of_locks,
    "haste": _haste,
    "database clock": _database_clock,
    "paying": _paying_is_nobodys_to_end,
    "look at what ran out": _look_at_what_ran_out,
    "below taken": _below_taken,
    "queue lock": _queue_lock,
    "offer that nobody has": _offer_that_nobody_has,
    "second look": _second_look,
    "lease": _lease,
    "merge": _merge,
    "household": _household,
    "code lock": _code_lock,
    "one use each": _one_use_each,
    "codes go back": _codes_go_back,
    "snapshot": _snapshot,
    "one drop": _one_drop_at_a_time,
}
