"""What the racers do with orders, payments, queues and merged guests: `race("payers.pay_both_ways", …)`."""

import os
import random
import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from tests.checkout.guards import leave_out
from tests.checkout.signs import is_raised, meet, raise_sign, see_sign

ADDRESS = {"name": "Ana Lopes", "street": "Lange Reihe 14", "postcode": "20099", "town": "Hamburg", "country": "DE"}


def pay_both_ways(*, me: int, variants: list[int], buyers: list[str]) -> list[str]:
    """Buy the same two things, every other process in the other order."""
    order = variants if me % 2 else variants[::-1]
    share = buyers[me::4]
    return [_pay(_order(buyer, [_hold(buyer, variant_id=variant) for variant in order])) for buyer in share]


def let_go_both(*, me: int, variants: list[int], buyers: list[str], without: str) -> int:
    """End two holds of two stock rows in one transaction, as a sweep does; every process has a pair of its own."""
    from checkout import lapses
    from checkout.models import Hold
    from livecommerce.clock import database_now
    from livecommerce.transactions import atomic_retry

    leave_out(without, me=me)
    pair = [_hold(buyers[me], variant_id=variant) for variant in variants]
    meet(me, processes=4)

    @atomic_retry
    def let_go() -> None:
        holds = list(Hold.objects.filter(pk__in=pair).order_by("pk").select_for_update(no_key=True))
        rows = lapses.lock_rows({hold.stock_id for hold in holds})
        lapses.end_holds(holds, rows=rows, state="released", now=database_now())

    let_go()
    return len(pair)


def order_while_prices_move(*, me: int, drop: int, buyers: list[str], looks: bool) -> list[dict[str, int]]:
    """The first moves the price of delivery; the others pay what they saw, or hear that it moved and look again."""
    from checkout.models import Order, PracticeIntent
    from checkout.orders import TotalMoved

    if me == 0:
        return _move_prices(processes=3)
    told = []
    for buyer in buyers[me - 1 :: 3]:
        hold, moved, code = _hold(buyer, drop_id=drop), 0, ""
        while not code:
            seen = _look_at_the_button(buyer)
            try:
                code = _pay(_order(buyer, [hold], total_seen=seen if looks else None))
            except TotalMoved:
                moved += 1
        order = Order.objects.get(code=code)
        at_bank = PracticeIntent.objects.get(ref=order.payments.get().provider_ref).amount_minor
        told.append({"seen": seen, "charged": at_bank, "order": order.total_minor, "moved": moved})
    raise_sign(f"done {me}")
    return told


def _look_at_the_button(buyer: str) -> int:
    from checkout.carts import cart_of
    from livecommerce.clock import database_now

    seen = cart_of(buyer_id=UUID(buyer), now=database_now()).bags[0].totals.total.minor
    time.sleep(random.uniform(0, 0.05))
    return seen


def _move_prices(*, processes: int) -> list[dict[str, int]]:
    """Move it often at first, then less and less, so that everybody is in time at some point."""
    from catalog.models import Brand

    price, pause = 490, 0.02
    while not all(is_raised(f"done {me}") for me in range(1, processes + 1)):
        price += 1
        Brand.objects.filter(slug="kiln-kettle").update(shipping_price_minor=price)
        time.sleep(pause)
        pause = min(pause * 1.05, 2.0)
    return []


def answer_while_swept(*, me: int, drop: int, orders: list[int], buyers: list[str], without: str = "") -> Any:
    """Buyers agree after their holds' time is over; a sweeper and a rival are at work meanwhile."""
    from checkout.payments import answer_check
    from checkout.timekeeper import run_due
    from livecommerce.clock import database_now

    leave_out(without)
    if me == 0:
        time.sleep(2)
        states = [answer_check(order_id=pk, agreed=True, now=database_now()).state for pk in orders]
        raise_sign("answered")
        return states
    won = 0
    while not is_raised("answered"):
        if me == 1:
            run_due(now=database_now())
        else:
            won += _try_to_hold(buyers, drop)
    return won


def answer_or_give_up(*, me: int, orders: list[int]) -> int:
    """At the end of its time every attempt is answered by the buyer and given up by the sweep at once."""
    from checkout.payments import answer_check, give_up_overdue_payments
    from livecommerce.clock import database_now

    if me % 2:
        return give_up_overdue_payments(now=database_now() + timedelta(minutes=11))
    return sum(answer_check(order_id=pk, agreed=True, now=database_now()).state == "succeeded" for pk in orders)


def settle_together(*, me: int, payment: int, minutes: float) -> str:
    """Hear the bank's word in every process at the same moment."""
    from checkout.gateways import gateway
    from checkout.models import Payment
    from checkout.payments import settle_payment
    from livecommerce.clock import database_now

    reading = gateway().read(ref=Payment.objects.get(pk=payment).provider_ref)
    now = database_now() + timedelta(minutes=minutes)
    return settle_payment(payment_id=payment, reading=reading, now=now).state


def send_together(*, me: int, minutes: float, without: str = "") -> int:
    """Every process does what the outbox has."""
    from checkout import outbox
    from checkout.tasks import DEEDS
    from livecommerce.clock import database_now

    leave_out(without, me=me)
    return outbox.run_outbox(deeds=DEEDS, now=database_now() + timedelta(minutes=minutes))


def pay_as_one_household(*, me: int, drop: int, buyers: list[str], without: str = "") -> str:
    """Four guests at one address order, wait for each other, and pay in the same moment."""
    from django.conf import settings

    from checkout.orders import place_order
    from livecommerce.clock import database_now
    from livecommerce.errors import Refused

    settings.FAIR_PLAY = {"address"}
    leave_out(without)
    hold = _hold(buyers[me], drop_id=drop)
    order = place_order(
        buyer_id=UUID(buyers[me]),
        hold_ids=[hold],
        email=f"{me}@example.test",
        address=ADDRESS,
        key="k",
        now=database_now(),
    )
    meet(me, processes=4)
    try:
        _pay(order.pk)
    except Refused as refused:
        return refused.code
    return "paid"


def pay_with_many_cards(*, me: int, order: int, cards: list[str]) -> str:
    """Pay one order from several tabs, with a card each."""
    from livecommerce.errors import Refused

    try:
        return _pay(order, cards[me])
    except Refused as refused:
        return refused.code


def pay_and_die(*, me: int, order: int) -> None:
    """Close the tab, and the process with it, after the bank has said yes and before we wrote it down."""
    from checkout.gateways.practice import PracticeGateway

    def confirm(self: PracticeGateway, *, ref: str, card: Any) -> None:
        asked(self, ref=ref, card=card)
        os._exit(9)

    asked, PracticeGateway.confirm = PracticeGateway.confirm, confirm  # type: ignore[method-assign,assignment]
    _pay(order)


def join_and_let_go(
    *, me: int, drop: int, buyers: list[str], holds: list[int], owners: list[str], without: str = ""
) -> dict[str, int]:
    """Two give back what they hold while two join the queue for it."""
    from checkout.holds import release_hold
    from checkout.queue import NotSoldOut, join_queue
    from livecommerce.clock import database_now

    done = {"let go": 0, "joined": 0, "not needed": 0}
    if me < 2:
        see_sign("joining")
        for hold, owner in list(zip(holds, owners, strict=True))[me::2]:
            release_hold(hold_id=hold, buyer_id=UUID(owner), now=database_now())
            done["let go"] += 1
        raise_sign(f"let go {me}")
        return done
    leave_out(without)
    for buyer in buyers[me - 2 :: 2]:
        try:
            join_queue(drop_id=drop, buyer_id=UUID(buyer), now=database_now())
            done["joined"] += 1
        except NotSoldOut:
            done["not needed"] += 1
        raise_sign("joining")
    return done


def tap_while_merged(*, me: int, drop: int, guest: str, account: str, taps: int, without: str = "") -> dict[str, int]:
    """A guest and an account tap in two processes each while a third one learns that they are one person."""
    from checkout.holds import merge_holds
    from livecommerce.clock import database_now

    leave_out(without)
    if me == 0:
        see_sign("tapping")
        merge_holds(from_visitor=UUID(guest), to_visitor=UUID(account), now=database_now())
        return {"merged": 1}
    buyer = guest if me % 2 else account
    won = 0
    for n in range(taps):
        won += _try_to_hold([buyer], drop)
        if n == 1:
            raise_sign("tapping")
    return {"won": won}


def announce_together(*, me: int, variant: int, units: int, without: str = "") -> str:
    """Start a drop of one product from several Studios."""
    from catalog.models import Variant
    from livecommerce.clock import database_now
    from livecommerce.errors import Refused
    from livecommerce.money import Money
    from streams.drops import announce_drop
    from streams.models import Show

    leave_out(without)
    try:
        announce_drop(
            show=Show.objects.get(),
            items=[(Variant.objects.get(pk=variant), units)],
            price=Money(2100, "EUR"),
            per_buyer=2,
            opens_in=0,
            window=600,
            actor=None,
            now=database_now(),
            alongside=True,
        )
    except Refused as refused:
        return refused.code
    return "announced"


def _hold(buyer: str, *, variant_id: int | None = None, drop_id: int | None = None) -> int:
    from checkout.holds import place_hold
    from livecommerce.clock import database_now

    return place_hold(
        buyer_id=UUID(buyer),
        drop_id=drop_id,
        variant_id=variant_id,
        quantity=1,
        key=uuid4().hex,
        now=database_now(),
    ).hold_id


def _try_to_hold(buyers: list[str], drop: int) -> int:
    from livecommerce.errors import Refused

    try:
        _hold(random.choice(buyers), drop_id=drop)
    except Refused:
        return 0
    return 1


def _order(buyer: str, holds: list[int], *, total_seen: int | None = None) -> int:
    from checkout.orders import place_order
    from livecommerce.clock import database_now

    return place_order(
        buyer_id=UUID(buyer),
        hold_ids=holds,
        email=f"{buyer}@example.test",
        address=ADDRESS | {"street": f"Lane {buyer}"},
        key=uuid4().hex,
        total_seen=total_seen,
        now=database_now(),
    ).pk


def _pay(order: int, number: str = "4242424242424242") -> str:
    from checkout.gateways.base import Card
    from checkout.models import Order
    from checkout.payments import pay_order
    from livecommerce.clock import database_now

    pay_order(order_id=order, card=Card(number=number, expiry="08/31", cvc="123"), now=database_now())
    return Order.objects.get(pk=order).code
