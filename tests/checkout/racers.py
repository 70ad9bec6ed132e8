"""What the processes of a race do with units; `race("tap", …)` starts them together on the test's database."""

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from tests.checkout.signs import raise_sign, see_sign, someone_waits_for_a_lock


def tap(*, me: int, drop: int, buyers: list[str], way: str, without: str = "", quantity: int = 1) -> dict[str, Any]:
    """Tap once for each buyer, one by one from several threads or all in one batch; count what was won."""
    from checkout.shelf import HoldRequest
    from livecommerce.clock import database_now
    from tests.checkout.guards import leave_out

    leave_out(without)
    now = database_now()
    requests = [
        HoldRequest(buyer_id=UUID(buyer), variant_id=None, quantity=quantity, key=f"{me}-{n}", at=now)
        for n, buyer in enumerate(buyers)
    ]
    answers: list[Any] = []
    if way == "batch":
        answers = _in_batches(drop, requests)
    else:
        together([lambda request=request: answers.extend(_alone(drop, request)) for request in requests])
    won = sum(not isinstance(answer, Exception) for answer in answers)
    return {"won": won, "refused": sorted({getattr(a, "code", repr(a)) for a in answers if isinstance(a, Exception)})}


def tap_mixed(*, me: int, drop: int, shares: list[list[str]], ways: list[str], without: str = "") -> dict[str, Any]:
    """Each process taps for its own buyers, in its own way."""
    return tap(me=me, drop=drop, buyers=shares[me], way=ways[me % len(ways)], without=without)


def tap_with_one_key(*, me: int, drop: int, buyer: str, times: int, keys: str, without: str = "") -> list[Any]:
    """The same buyer taps many times at once, with one key or with many."""
    from checkout.shelf import HoldRequest
    from livecommerce.clock import database_now
    from tests.checkout.guards import leave_out

    leave_out(without)
    now = database_now()
    answers: list[Any] = []

    def once(n: int) -> None:
        key = "same" if keys == "one" else f"{me}-{n}"
        request = HoldRequest(buyer_id=UUID(buyer), variant_id=None, quantity=1, key=key, at=now)
        answers.extend(_alone(drop, request))

    together([lambda n=n: once(n) for n in range(times)])
    return [getattr(answer, "code", None) or getattr(answer, "hold_id", repr(answer)) for answer in answers]


def hold_and_let_go(*, me: int, variants: list[int], buyers: list[str], rounds: int) -> int:
    """Hold two things crosswise and give them back, again and again."""
    from checkout.holds import place_hold, release_hold
    from livecommerce.clock import database_now

    order = variants if me % 2 else variants[::-1]
    for n in range(rounds):
        buyer = UUID(buyers[me * rounds + n])
        held = [
            place_hold(buyer_id=buyer, variant_id=variant, quantity=1, key=f"{n}-{variant}", now=database_now())
            for variant in order
        ]
        for answer in held:
            release_hold(hold_id=answer.hold_id, buyer_id=buyer, now=database_now())
    return rounds


def churn(*, me: int, drop: int, buyers: list[str], seconds: float) -> dict[str, int]:
    """Everything at once: hold, let go, join, leave, sweep."""
    import random

    from checkout.holds import expire_overdue_holds, place_hold, release_hold
    from checkout.queue import join_queue, leave_queue
    from livecommerce.clock import database_now
    from livecommerce.errors import Refused

    dice, done, until = random.Random(me), {"held": 0, "refused": 0}, time.monotonic() + seconds
    mine: dict[UUID, int] = {}
    while time.monotonic() < until:
        buyer, now = UUID(dice.choice(buyers)), database_now()
        try:
            act = dice.choice(["hold", "hold", "let go", "join", "leave", "sweep"])
            if act == "hold":
                key = f"{me}-{dice.random()}"
                mine[buyer] = place_hold(buyer_id=buyer, drop_id=drop, quantity=1, key=key, now=now).hold_id
                done["held"] += 1
            elif act == "let go" and mine:
                owner = dice.choice(list(mine))
                release_hold(hold_id=mine.pop(owner), buyer_id=owner, now=now)
            elif act == "join":
                join_queue(drop_id=drop, buyer_id=buyer, now=now)
            elif act == "leave":
                leave_queue(drop_id=drop, buyer_id=buyer, now=now)
            else:
                expire_overdue_holds(now=now)
        except Refused:
            done["refused"] += 1
    return done


def tap_until_it_is_back(*, me: int, drop: int, buyers: list[str], seconds: float, without: str = "") -> dict[str, int]:
    """Tap again and again at something sold out, until somebody's hold runs out."""
    from checkout.holds import place_hold
    from checkout.shelf import SoldOut
    from livecommerce.clock import database_now
    from tests.checkout.guards import leave_out

    leave_out(without)
    done, until, n = {"held": 0, "refused": 0}, time.monotonic() + seconds, 0
    while time.monotonic() < until:
        n += 1
        try:
            place_hold(buyer_id=UUID(buyers[me]), drop_id=drop, quantity=1, key=str(n), now=database_now())
            done["held"] += 1
            break
        except SoldOut:
            done["refused"] += 1
    return done


def read_books_in_a_rush(*, me: int, drop: int, buyers: list[str], seconds: float, without: str = "") -> dict[str, int]:
    """One reads the books again and again, the others make all kinds of moves meanwhile."""
    if me:
        return churn(me=me, drop=drop, buyers=buyers, seconds=seconds)
    from checkout import alarms
    from livecommerce.clock import database_now
    from tests.checkout.guards import leave_out

    leave_out(without)
    done, until = {"readings": 0, "alarms": 0}, time.monotonic() + seconds
    while time.monotonic() < until:
        now = database_now()
        done["alarms"] += alarms.read_audit(now=now) + alarms.read_drift(now=now)
        done["readings"] += 1
    return done


def hold_the_lock(*, me: int, drop: int, buyers: list[str], without: str = "") -> dict[str, Any]:
    """The first takes the last unit and commits late; the second waits for the row and has to see it."""
    from django.db import transaction

    from checkout.granting import decide_holds
    from checkout.shelf import HoldRequest
    from livecommerce.clock import database_now
    from tests.checkout.guards import leave_out

    leave_out(without)
    request = HoldRequest(buyer_id=UUID(buyers[me]), variant_id=None, quantity=1, key="k", at=database_now())
    if me == 0:
        with transaction.atomic():
            answer = decide_holds(("drop", drop), [request])[0]
            raise_sign("taken")
            someone_waits_for_a_lock(seconds=2.0)
    else:
        see_sign("taken")
        answer = decide_holds(("drop", drop), [request])[0]
    return {"won": not isinstance(answer, Exception)}


def lower_stock(*, me: int, variant: int, buyers: list[str], rounds: int, without: str = "") -> dict[str, int]:
    """One process holds units of the shop while the other counts them down as far as it is let."""
    from catalog import stock
    from catalog.models import Variant
    from checkout.holds import place_hold
    from livecommerce.clock import database_now
    from livecommerce.errors import Refused
    from tests.checkout.guards import leave_out

    leave_out(without if me else "")
    done = {"moved": 0, "stock.below_taken": 0, "drop.sold_out": 0}
    for n in range(rounds):
        try:
            if me:
                see_sign("ten are held")
                row = Variant.objects.get(pk=variant)
                stock.adjust_stock(variant=row, on_hand=rounds - n, actor=None, now=database_now())
            else:
                place_hold(buyer_id=UUID(buyers[n]), variant_id=variant, quantity=1, key="k", now=database_now())
            done["moved"] += 1
        except Refused as refused:
            done[refused.code] = done.get(refused.code, 0) + 1
        if done["moved"] == 10 and not me:
            raise_sign("ten are held")
    return done


def together(acts: list[Callable[[], None]], threads: int = 4) -> None:
    """Do many things from a few threads."""
    from django.db import connection

    waiting = list(reversed(acts))

    def work() -> None:
        try:
            while waiting:
                waiting.pop()()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _alone(drop: int, request: Any) -> list[Any]:
    from checkout.granting import decide_holds

    try:
        return list(decide_holds(("drop", drop), [request]))
    except Exception as error:
        return [error]


def _in_batches(drop: int, requests: list[Any], size: int = 25) -> list[Any]:
    from checkout.granting import decide_holds

    answers: list[Any] = []
    for first in range(0, len(requests), size):
        some = requests[first : first + size]
        try:
            answers += decide_holds(("drop", drop), some)
        except Exception:
            answers += [answer for request in some for answer in _alone(drop, request)]
    return answers


def run(*, me: int, code: str) -> Any:
    """Run a few lines, which know their number as `me`; what they call `result` is the answer."""
    names: dict[str, Any] = {"me": me}
    exec(code, names)
    return names["result"]
