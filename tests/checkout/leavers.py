"""Those who leave a queue while something happens to their place: racers of the races beside them."""

from typing import Any
from uuid import UUID

from tests.checkout.guards import leave_out
from tests.checkout.signs import is_raised, raise_sign, see_sign, someone_waits_for_a_lock


def leave_or_take(*, me: int, drop: int, buyer: str, without: str = "") -> str:
    """One tab gives an offer back, the other takes it at that moment."""
    from checkout.holds import place_hold
    from checkout.queue import leave_queue
    from livecommerce.clock import database_now
    from livecommerce.errors import Refused

    leave_out(without)
    try:
        if me == 0:
            _wait_before_the_rows()
            leave_queue(drop_id=drop, buyer_id=UUID(buyer), now=database_now())
            return "left"
        see_sign("leaving")
        place_hold(buyer_id=UUID(buyer), drop_id=drop, quantity=1, key="take", now=database_now())
        return "taken"
    except Refused as refused:
        return refused.code
    finally:
        raise_sign(f"answered {me}")


def _wait_before_the_rows() -> None:
    """Who leaves has the hold and goes on to the stock rows when the other is answered, or stands before the hold."""
    from checkout import queue

    def late(ids: Any) -> Any:
        raise_sign("leaving")
        while not (is_raised("answered 1") or someone_waits_for_a_lock(seconds=0.05)):
            pass
        return lock_rows(ids)

    lock_rows, queue.lock_rows = queue.lock_rows, late


def leave_while_offered(*, me: int, drop: int, buyer: str, hold: int, owner: str, without: str = "") -> str:
    """One gives a unit back, which is offered to the other, who leaves at that moment."""
    from django.db import transaction

    from checkout.holds import release_hold
    from checkout.queue import leave_queue
    from livecommerce.clock import database_now

    leave_out(without)
    if me == 0:
        with transaction.atomic():
            release_hold(hold_id=hold, buyer_id=UUID(owner), now=database_now())
            raise_sign("offered")
            someone_waits_for_a_lock(seconds=2.0)
        return "let go"
    see_sign("offered")
    leave_queue(drop_id=drop, buyer_id=UUID(buyer), now=database_now())
    return "left"
