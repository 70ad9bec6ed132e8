"""What happens to processes in a race: they die, their connections are cut, their clocks are wrong."""

import json
import os
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

# Taps that are decided together in a rush in which something dies.
BATCH = 4


def crash(*, me: int, drop: int, buyers: list[str], when: str) -> None:
    """Die in the middle of deciding a batch: before the commit, or after it and before anybody was answered.

    "after a hasty answer" is what must not be: the answer is given first, then comes the death, before the commit.
    """
    from django.db import transaction

    from checkout.granting import decide_holds
    from checkout.shelf import HoldRequest
    from livecommerce.clock import database_now

    now = database_now()
    requests = [HoldRequest(buyer_id=UUID(buyer), variant_id=None, quantity=1, key="k", at=now) for buyer in buyers]
    with transaction.atomic():
        answers = decide_holds(("drop", drop), requests)
        if when == "after a hasty answer":
            print(json.dumps([getattr(answer, "hold_id", None) for answer in answers]), flush=True)
        if when != "after commit":
            os._exit(9)
    os._exit(9)


def rush(*, me: int, drop: int, buyers: list[str], size: int = BATCH) -> int:
    """Tap for one buyer after the other in small batches; write down each hold that was acknowledged, at once.

    When the database goes away, ask again with the same keys until there is an answer, as a client does.
    """
    from django.db import DatabaseError, connection

    from checkout.granting import decide_holds
    from checkout.shelf import HoldRequest
    from livecommerce.clock import database_now
    from livecommerce.realtime.batch import Busy

    for first in range(0, len(buyers), size):
        some = buyers[first : first + size]
        while True:
            try:
                now = database_now()
                requests = [
                    HoldRequest(buyer_id=UUID(buyer), variant_id=None, quantity=1, key="k", at=now) for buyer in some
                ]
                answers = decide_holds(("drop", drop), requests)
                break
            except (DatabaseError, Busy):
                connection.close()
                time.sleep(0.05)
        held = {
            buyer: answer.hold_id
            for buyer, answer in zip(some, answers, strict=True)
            if not isinstance(answer, Exception)
        }
        print(json.dumps(held), flush=True)
    return len(buyers)


def rush_shared(*, me: int, drop: int, shares: list[list[str]]) -> dict[str, int]:
    """Tap in batches for one's own buyers, through whatever happens to the connection; return what was acknowledged."""
    from checkout.shelf import HoldRequest
    from livecommerce.clock import database_now

    held = {}
    for first in range(0, len(shares[me]), 5):
        some = shares[me][first : first + 5]
        at = _through(database_now)
        requests = [HoldRequest(buyer_id=UUID(buyer), variant_id=None, quantity=1, key="k", at=at) for buyer in some]
        answers = _through(lambda requests=requests: decide_slowly(drop, requests))
        held |= {
            buyer: answer.hold_id
            for buyer, answer in zip(some, answers, strict=True)
            if not isinstance(answer, Exception)
        }
    return held


def decide_slowly(drop: int, requests: list[Any]) -> list[Any]:
    """Decide a batch and stay in its transaction for a moment, in which the connection may be cut."""
    from django.db import transaction

    from checkout.granting import decide_holds

    with transaction.atomic():
        answers = list(decide_holds(("drop", drop), requests))
        time.sleep(0.03)
    return answers


def _through(act: Callable[[], Any]) -> Any:
    """Do something again until the database has answered."""
    from django.db import DatabaseError, InterfaceError, connection

    from livecommerce.realtime.batch import Busy

    while True:
        try:
            return act()
        except (DatabaseError, InterfaceError, Busy):
            connection.close()
            time.sleep(0.02)


def with_a_wrong_clock(
    *, me: int, minutes: float, early: int, running: int, buyers: list[str], without: str = ""
) -> dict[str, Any]:
    """Do what a web process and a worker do, on a machine whose clock is wrong."""
    from datetime import UTC, datetime, timedelta

    import time_machine

    from checkout.granting import decide_holds
    from checkout.holds import place_hold
    from checkout.models import Hold
    from checkout.shelf import HoldRequest
    from checkout.timekeeper import run_due
    from livecommerce.clock import database_now, receipt_time
    from tests.checkout.guards import leave_out

    right = database_now()
    place_hold(buyer_id=UUID(buyers[2]), drop_id=running, quantity=1, key="k", now=right)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)):
        leave_out(without)
        database_now()

        def tap(buyer: str, drop: int) -> Any:
            now = receipt_time()
            request = HoldRequest(buyer_id=UUID(buyer), variant_id=None, quantity=1, key="k", at=now)
            (answer,) = decide_holds(("drop", drop), [request])
            return getattr(answer, "code", "held")

        told = {"tap before the opening": tap(buyers[0], early), "tap while open": tap(buyers[1], running)}
        wrong_by = receipt_time() - right
        hold = Hold.objects.filter(buyer=buyers[1]).first()
        told["minutes to the end"] = round((hold.expires_at - right).total_seconds() / 60) if hold else None
        run_due(now=database_now())
    told["holds ended"] = Hold.objects.filter(state="expired").count()
    return told | {"receipt is wrong by minutes": round(wrong_by.total_seconds() / 60)}
