"""What the racers do with codes: `race("bargainers.order_at_once", …)`."""

import random
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from tests.checkout.guards import leave_out
from tests.checkout.payers import ADDRESS, _hold, _pay
from tests.checkout.signs import is_raised, meet, raise_sign


def order_at_once(*, me: int, variant: int, buyers: list[str], without: str = "") -> str:
    """Hold a cup each, wait for each other, and order with the code in the same moment."""
    leave_out(without, me=me)
    hold = _hold(buyers[me], variant_id=variant)
    meet(me, processes=len(buyers))
    return _order_or_why_not(buyers[me], hold)


def sweep_while_others_want_it(*, me: int, variant: int, buyers: list[str], without: str = "") -> dict[str, int]:
    """The first closes what nobody paid; the others try to order with its code until one has it."""
    from checkout.orders import cancel_unpayable_orders
    from checkout.payments import give_up_overdue_payments
    from checkout.timekeeper import run_due
    from livecommerce.clock import database_now

    leave_out(without, me=me)
    told = {"closed": 0, "ordered": 0, "refused": 0}
    hold = _hold(buyers[me], variant_id=variant)
    meet(me, processes=len(buyers))
    if me == 0:
        give_up_overdue_payments(now=database_now())
        run_due(now=database_now())
        told["closed"] = cancel_unpayable_orders(now=database_now())
        raise_sign("swept")
        return told
    while not told["ordered"] and not is_raised("it is taken"):
        swept = is_raised("swept")
        answer = _order_or_why_not(buyers[me], hold)
        told["ordered" if answer == "ordered" else "refused"] += 1
        if answer == "ordered" or swept:
            raise_sign("it is taken")
    return told


def settle_while_others_order(
    *, me: int, variant: int, buyers: list[str], payment: int, minutes: float, without: str = ""
) -> str:
    """Two hear that late money came; two others order with the last use of its code."""
    from checkout.gateways import gateway
    from checkout.models import Hold, Payment
    from checkout.payments import settle_payment
    from livecommerce.clock import database_now

    leave_out(without, me=me)
    if me % 2:
        hold = _hold(buyers[me], variant_id=variant)
        # The money comes later by the clock of those who settle: it must not find these run out.
        Hold.objects.filter(pk=hold).update(expires_at=database_now() + timedelta(days=1))
        meet(me, processes=4)
        return _order_or_why_not(buyers[me], hold)
    reading = gateway().read(ref=Payment.objects.get(pk=payment).provider_ref)
    meet(me, processes=4)
    settle_payment(payment_id=payment, reading=reading, now=database_now() + timedelta(minutes=minutes))
    return "settled"


def order_while_the_code_moves(*, me: int, variant: int, buyers: list[str], looks: bool) -> list[dict[str, int]]:
    """The first edits what the code takes off; the others pay what they saw, or hear that it moved and look again."""
    from checkout.models import Order, PracticeIntent
    from checkout.orders import TotalMoved

    if me == 0:
        return _move_the_code(processes=3)
    told = []
    for buyer in buyers[me - 1 :: 3]:
        hold, moved, code = _hold(buyer, variant_id=variant), 0, ""
        while not code:
            seen = _look_at_the_button(hold)
            try:
                code = _pay(_order(buyer, hold, total_seen=seen if looks else None))
            except TotalMoved:
                moved += 1
        order = Order.objects.get(code=code)
        at_bank = PracticeIntent.objects.get(ref=order.payments.get().provider_ref).amount_minor
        told.append({"seen": seen, "charged": at_bank, "order": order.total_minor, "moved": moved})
    raise_sign(f"done {me}")
    return told


def _move_the_code(*, processes: int) -> list[dict[str, int]]:
    """Move it often at first, then less and less, so that everybody is in time at some point."""
    from checkout.codes import write_code
    from checkout.models import Code

    off, pause = 400, 0.02
    while not all(is_raised(f"done {me}") for me in range(1, processes + 1)):
        off += 1
        code = Code.objects.get()
        code.amount_minor = off
        write_code(code=code)
        time.sleep(pause)
        pause = min(pause * 1.05, 2.0)
    return []


def _look_at_the_button(hold: int) -> int:
    from checkout.models import Code, Hold
    from checkout.totals import totals_of

    held = Hold.objects.select_related("variant__product__brand").get(pk=hold)
    totals = totals_of(brand=held.variant.product.brand, holds=[held], code=Code.objects.get())
    time.sleep(random.uniform(0, 0.05))
    return totals.total.minor


def _order_or_why_not(buyer: str, hold: int) -> str:
    from livecommerce.errors import Refused

    try:
        _order(buyer, hold)
    except Refused as refused:
        return refused.code
    except IntegrityError:
        return "refused by the database"
    return "ordered"


def _order(buyer: str, hold: int, **more: Any) -> int:
    from checkout.orders import place_order
    from livecommerce.clock import database_now

    return place_order(
        buyer_id=UUID(buyer),
        hold_ids=[hold],
        email=f"{buyer}@example.test",
        address=ADDRESS | {"street": f"Lane {buyer}"},
        key=f"order of {hold}",
        codes=["TABLE4"],
        now=database_now(),
        **more,
    ).pk
