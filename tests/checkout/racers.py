"""What the processes of a race do. Each is a process of its own on the test's database; `race()` starts them together.

python -m tests.checkout.racers tap_for_it        (then one JSON object and, at the start of the race, one line)
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID


def tap(*, me: int, drop: int, buyers: list[str], way: str, without: str = "", quantity: int = 1) -> dict[str, Any]:
    """Tap once for each buyer, one by one from several threads or all in one batch; count what was won."""
    from checkout.shelf import HoldRequest
    from livecommerce.clock import database_now

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


def tap_with_one_key(*, me: int, drop: int, buyer: str, times: int, keys: str) -> list[Any]:
    """The same buyer taps many times at once, with one key or with many."""
    from checkout.shelf import HoldRequest
    from livecommerce.clock import database_now

    now = database_now()
    answers: list[Any] = []

    def once(n: int) -> None:
        key = "same" if keys == "one" else f"{me}-{n}"
        request = HoldRequest(buyer_id=UUID(buyer), variant_id=None, quantity=1, key=key, at=now)
        answers.extend(_alone(drop, request))

    together([lambda n=n: once(n) for n in range(times)])
    return [getattr(answer, "code", None) or answer.hold_id for answer in answers]


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
            elif act == "let go" and buyer in mine:
                release_hold(hold_id=mine.pop(buyer), buyer_id=buyer, now=now)
            elif act == "join":
                join_queue(drop_id=drop, buyer_id=buyer, now=now)
            elif act == "leave":
                leave_queue(drop_id=drop, buyer_id=buyer, now=now)
            else:
                expire_overdue_holds(now=now)
        except Refused:
            done["refused"] += 1
    return done


def hold_the_lock(*, me: int, stock: int, drop: int, buyers: list[str], seconds: float) -> dict[str, Any]:
    """The first takes the last unit and commits late; the second waits for the row and has to see it."""
    from django.db import transaction

    from checkout.granting import decide_holds
    from checkout.shelf import HoldRequest
    from livecommerce.clock import database_now

    request = HoldRequest(buyer_id=UUID(buyers[me]), variant_id=None, quantity=1, key="k", at=database_now())
    if me == 0:
        with transaction.atomic():
            answer = decide_holds(("drop", drop), [request])[0]
            time.sleep(seconds)
    else:
        time.sleep(seconds / 3)
        answer = decide_holds(("drop", drop), [request])[0]
    return {"won": not isinstance(answer, Exception)}


def lower_stock(*, me: int, variant: int, buyers: list[str], rounds: int) -> dict[str, int]:
    """One process holds units of the shop while the other counts them down as far as it is let."""
    from catalog.models import Variant
    from catalog.stock import BelowTaken, adjust_stock
    from checkout.holds import place_hold
    from livecommerce.clock import database_now
    from livecommerce.errors import Refused

    done = {"held": 0, "lowered": 0, "refused": 0}
    for n in range(rounds):
        try:
            if me:
                row = Variant.objects.get(pk=variant)
                adjust_stock(variant=row, on_hand=rounds - n, actor=None, now=database_now())
                done["lowered"] += 1
            else:
                place_hold(buyer_id=UUID(buyers[n]), variant_id=variant, quantity=1, key="k", now=database_now())
                done["held"] += 1
        except (BelowTaken, Refused):
            done["refused"] += 1
    return done


def crash(*, me: int, drop: int, buyers: list[str], when: str) -> None:
    """Die in the middle of deciding a batch: before the commit, or after it and before anybody was answered."""
    from checkout import granting
    from checkout.shelf import HoldRequest
    from livecommerce.clock import database_now

    if when == "before commit":
        granting.tell_granted = lambda *_, **__: os._exit(9)  # The last step of the transaction.
    now = database_now()
    requests = [HoldRequest(buyer_id=UUID(buyer), variant_id=None, quantity=1, key="k", at=now) for buyer in buyers]
    granting.decide_holds(("drop", drop), requests)
    os._exit(9)


def rush(*, me: int, drop: int, buyers: list[str], size: int = 10) -> int:
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


def leave_out(guards: str) -> None:
    """Take guards away, for a negative control, and make the moment between reading and writing long."""
    from catalog import stock
    from catalog.models.stock import StockQuerySet
    from checkout import granting

    if "lock" in guards:
        StockQuerySet.locked = lambda self: self.order_by("pk")
        original = granting.insert_holds

        def slowly(holds: Any) -> None:
            time.sleep(0.2)
            original(holds)

        granting.insert_holds = slowly
    if "ledger" in guards:
        stock.record = lambda row, **_: row.save(update_fields=["on_hand", "taken"])


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
    """Run a few lines; what they call `result` is the answer."""
    names: dict[str, Any] = {}
    exec(code, names)
    return names["result"]


def main() -> None:
    """Take one task, or with `--more` one after the other until the end of the input."""
    import django

    django.setup()
    from django.db import connection

    for line in sys.stdin:
        told = json.loads(line)
        connection.ensure_connection()
        print("ready", flush=True)
        sys.stdin.readline()
        result = globals()[sys.argv[1]](**told)
        print(json.dumps(result), flush=True)
        connection.close()
        if "--more" not in sys.argv:
            break


if __name__ == "__main__":
    main()
