"""Races that only a PostgreSQL can show: deadlocks, connections that are cut, and clocks that disagree."""

import time
from threading import Thread
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection

from checkout.audit import breaches
from checkout.holds import place_hold, release_hold
from checkout.models import Hold, QueuePlace, Refund
from checkout.queue import join_queue
from livecommerce.clock import database_now
from tests.checkout.conftest import pay
from tests.checkout.races import race
from tests.checkout.test_drop_races import leaving, sold_out
from tests.checkout.test_withdrawals import WITHDRAW_OR_REFUND

__all__ = ["leaving", "sold_out"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def now():
    """Races run on the real clock."""
    return database_now()


def deadlocks() -> int:
    """How often PostgreSQL had to break a circle; backends report when they end, and ours have ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


@pytest.fixture
def both_variants(product):
    return [variant.pk for variant in product.variants.order_by("pk")]


def test_rows_are_locked_in_one_order_so_that_nobody_stands_in_a_circle(both_variants, crowd):
    before = deadlocks()

    race("payers.let_go_both", processes=4, variants=both_variants, buyers=crowd(4), without="haste")
    race("payers.pay_both_ways", processes=4, variants=both_variants, buyers=crowd(16))
    race("hold_and_let_go", processes=4, variants=both_variants, buyers=crowd(40), rounds=10)

    assert deadlocks() == before


def test_rows_locked_crosswise_make_a_circle(both_variants, crowd):
    """The control: half of the processes lock the other way round. Each is undone whole, tried again and done."""
    before = deadlocks()

    told = race("payers.let_go_both", processes=4, variants=both_variants, buyers=crowd(4), without="order of locks")

    assert deadlocks() > before
    assert told == [2] * 4


@pytest.fixture
def offered(drop_of, crowd, now):
    """A drop of one unit, and the guest to whom the queue offers it."""
    drop = drop_of(1)
    owner, waiting = map(UUID, crowd(2))
    held = place_hold(buyer_id=owner, drop_id=drop.pk, quantity=1, key="k", now=now)
    join_queue(drop_id=drop.pk, buyer_id=waiting, now=now)
    release_hold(hold_id=held.hold_id, buyer_id=owner, now=now)
    return {"drop": drop.pk, "buyer": str(waiting)}


def test_an_offer_that_is_given_back_and_taken_at_once_makes_no_circle(offered):
    before = deadlocks()

    told = race("leavers.leave_or_take", processes=2, **offered)

    assert told == ["left", "busy"]
    assert deadlocks() == before
    assert list(breaches()) == []


def test_an_offer_that_is_waited_for_makes_a_circle(offered):
    """The control: one has the offer and wants the stock row, the other has the row and waits for the offer."""
    before = deadlocks()

    race("leavers.leave_or_take", processes=2, **offered, without="offer that nobody has")

    assert deadlocks() > before


def test_without_a_second_look_a_unit_waits_for_someone_who_left(leaving):
    """The control of who leaves while a unit is offered; with one writer at a time nobody reads too early."""
    race("leavers.leave_while_offered", processes=2, **leaving, without="second look")

    assert QueuePlace.objects.get().state == "offered"


def test_everything_at_once_makes_no_circle(drop_of, crowd):
    before = deadlocks()

    race("churn", processes=4, drop=drop_of(5).pk, buyers=crowd(9), seconds=8)

    assert deadlocks() == before


def test_writers_that_lose_their_connection_and_their_lock_lose_no_promise(drop_of, crowd):
    drop = drop_of(60, per_buyer=1)
    cut = []

    def scissors() -> None:
        until = time.monotonic() + 5
        with connection.cursor() as cursor:
            while time.monotonic() < until:
                cursor.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle in transaction'"
                )
                cut.append(cursor.fetchone()[0])
                time.sleep(0.05)
        connection.close()

    thread = Thread(target=scissors)
    thread.start()
    told = race("misfortunes.rush_shared", processes=2, drop=drop.pk, shares=[crowd(50), crowd(50)])
    thread.join()

    assert sum(cut) > 0
    acknowledged = {buyer: hold for one in told for buyer, hold in one.items()}
    held = {str(buyer): pk for pk, buyer in Hold.objects.filter(drop=drop).values_list("pk", "buyer")}
    assert acknowledged == held
    assert len(held) == 60
    assert list(breaches()) == []


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_machine_whose_clock_is_wrong_opens_closes_and_ends_nothing_at_its_own_time(drop_of, crowd, now, minutes):
    told = _look(drop_of, crowd, now, minutes)

    assert told == {
        "tap before the opening": "drop.not_open",
        "tap while open": "held",
        "holds ended": 0,
        "minutes to the end": 5,
        "receipt is wrong by minutes": 0,
    }


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_machine_that_believes_its_own_clock_decides_wrongly(drop_of, crowd, now, minutes):
    """The control: moments are compared with the time of the machine."""
    told = _look(drop_of, crowd, now, minutes, without="database clock")

    assert told["receipt is wrong by minutes"] == minutes
    if minutes > 0:
        assert told["tap before the opening"] == "held"
        assert told["holds ended"] > 0
    else:
        assert told["tap while open"] == "drop.not_open"


def _look(drop_of, crowd, now, minutes, **more):
    early = drop_of(5, now=now, opens_in=60, per_buyer=1)
    running = drop_of(5, items=[(_other(early), 5)], alongside=True)
    (told,) = race(
        "misfortunes.with_a_wrong_clock",
        processes=1,
        minutes=minutes,
        early=early.pk,
        running=running.pk,
        buyers=crowd(3),
        **more,
    )
    return told


def _other(drop):
    return drop.product.variants.exclude(pk=drop.items.get().variant_id).get()


# The order is read without its lock, and the moment between looking and writing is long.
_WITHOUT_THE_LOCK = """
import time
from checkout import refunds, withdrawals
from checkout.models import Order, Refund
write = Refund.objects.create
def write_slowly(**fields):
    time.sleep(1)
    return write(**fields)
Refund.objects.create = write_slowly
refunds.lock_order = withdrawals.lock_order = lambda order_id: Order.objects.get(pk=order_id)
"""


def test_without_the_orders_lock_withdrawal_and_refund_give_the_money_back_twice(pending_order, now):
    pay(pending_order, now)

    race("run", processes=2, code=_WITHOUT_THE_LOCK + WITHDRAW_OR_REFUND.format(order=pending_order.pk))

    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == 2 * pending_order.total_minor
    assert any("go back of" in breach for breach in breaches())
    call_command("flush", verbosity=0, interactive=False)
