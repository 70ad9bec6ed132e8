"""The queue of a sold-out drop: who stands where, and who gets what comes back."""

from datetime import timedelta
from uuid import uuid4

import pytest

from checkout.granting import decide_holds
from checkout.holds import expire_overdue_holds, pause_holds, place_hold, release_hold, resume_holds
from checkout.models import Hold, QueuePlace
from checkout.queue import (
    HoldsAlready,
    JoinRequest,
    NotInQueue,
    NotSoldOut,
    close_queues,
    decide_joins,
    join_queue,
    leave_queue,
    places_of,
)
from checkout.shelf import HoldRequest, SoldOut
from livecommerce.accounts.visitors import mint_visitor
from streams.drops import DropOver, announce_drop, close_drop, pause_drops, resume_drops

pytestmark = pytest.mark.django_db


def guest(now):
    return mint_visitor(now=now)[0].pk


def tap(buyer, drop, now, quantity=1):
    return place_hold(buyer_id=buyer, drop_id=drop.pk, quantity=quantity, key=uuid4().hex, now=now).hold_id


@pytest.fixture
def sold_out(drop_on_sale, now):
    """Ten buyers hold one each; returns their (buyer, hold)."""
    buyers = [guest(now) for _ in range(10)]
    return [(buyer, tap(buyer, drop_on_sale, now)) for buyer in buyers]


def let_go(promise, now):
    buyer, hold = promise
    release_hold(hold_id=hold, buyer_id=buyer, now=now)


def test_places_are_given_in_the_order_of_arrival(drop_on_sale, sold_out, now):
    first, second = guest(now), guest(now)

    assert join_queue(drop_id=drop_on_sale.pk, buyer_id=first, now=now).position == 1
    assert join_queue(drop_id=drop_on_sale.pk, buyer_id=second, now=now).position == 2
    assert join_queue(drop_id=drop_on_sale.pk, buyer_id=first, now=now).position == 1


def test_joins_decided_together_keep_their_order(drop_on_sale, sold_out, now):
    buyers = [guest(now) for _ in range(4)]
    asked = [JoinRequest(buyer_id=buyer, variant_id=None, at=now) for buyer in (*buyers, buyers[2])]

    places = decide_joins(drop_on_sale.pk, asked, now=now)

    assert [place.position for place in places] == [1, 2, 3, 4, 3]


def test_nobody_queues_for_what_is_left(drop_on_sale, now):
    with pytest.raises(NotSoldOut):
        join_queue(drop_id=drop_on_sale.pk, buyer_id=guest(now), now=now)


def test_nobody_has_both_a_hold_and_a_place(drop_on_sale, sold_out, now):
    with pytest.raises(HoldsAlready):
        join_queue(drop_id=drop_on_sale.pk, buyer_id=sold_out[0][0], now=now)


def test_a_returned_unit_is_offered_to_the_first_in_line(drop_on_sale, sold_out, now):
    first, second = guest(now), guest(now)
    for buyer in (first, second):
        join_queue(drop_id=drop_on_sale.pk, buyer_id=buyer, now=now)

    let_go(sold_out[0], now)

    offer = Hold.objects.get(offered_at__isnull=False)
    assert offer.buyer_id == first
    assert offer.expires_at == now + timedelta(seconds=30)
    assert [place["position"] for place in places_of([second])[second]] == [1]
    assert drop_on_sale.items.get().stock.left == 0


def test_nobody_gets_between_a_returned_unit_and_the_queue(drop_on_sale, sold_out, now):
    join_queue(drop_id=drop_on_sale.pk, buyer_id=guest(now), now=now)
    let_go(sold_out[0], now)

    with pytest.raises(SoldOut):
        tap(guest(now), drop_on_sale, now)


def test_taking_an_offer_gives_the_full_time(drop_on_sale, sold_out, now):
    first = guest(now)
    join_queue(drop_id=drop_on_sale.pk, buyer_id=first, now=now)
    let_go(sold_out[0], now)
    later = now + timedelta(seconds=29)

    answer = place_hold(buyer_id=first, drop_id=drop_on_sale.pk, quantity=1, key="mine", now=later)
    again = place_hold(buyer_id=first, drop_id=drop_on_sale.pk, quantity=1, key="mine", now=later)

    assert answer.expires_at == later + timedelta(seconds=drop_on_sale.hold_seconds)
    assert again == answer
    assert QueuePlace.objects.get().state == "taken"


def test_an_offer_that_is_not_taken_goes_to_the_next(drop_on_sale, sold_out, now):
    first, second = guest(now), guest(now)
    for buyer in (first, second):
        join_queue(drop_id=drop_on_sale.pk, buyer_id=buyer, now=now)
    let_go(sold_out[0], now)

    expire_overdue_holds(now=now + timedelta(seconds=30))

    states = dict(QueuePlace.objects.values_list("buyer_id", "state"))
    assert states == {first: "passed", second: "offered"}


def test_a_unit_that_ran_out_under_a_tap_goes_to_the_queue_first(drop_on_sale, sold_out, now):
    waiting, rusher = guest(now), guest(now)
    join_queue(drop_id=drop_on_sale.pk, buyer_id=waiting, now=now)
    Hold.objects.filter(pk=sold_out[0][1]).update(expires_at=now)

    answers = decide_holds(
        ("drop", drop_on_sale.pk),
        [HoldRequest(buyer_id=rusher, variant_id=None, quantity=1, key="k", at=now)],
        now=now,
    )

    assert isinstance(answers[0], SoldOut)
    assert Hold.objects.get(offered_at__isnull=False).buyer_id == waiting


def test_who_leaves_gives_the_place_or_the_offer_up(drop_on_sale, sold_out, now):
    first, second, third = (guest(now) for _ in range(3))
    for buyer in (first, second, third):
        join_queue(drop_id=drop_on_sale.pk, buyer_id=buyer, now=now)
    leave_queue(drop_id=drop_on_sale.pk, buyer_id=second, now=now)
    let_go(sold_out[0], now)

    leave_queue(drop_id=drop_on_sale.pk, buyer_id=first, now=now)

    assert Hold.objects.get(state="held", offered_at__isnull=False).buyer_id == third
    with pytest.raises(NotInQueue):
        leave_queue(drop_id=drop_on_sale.pk, buyer_id=first, now=now)


def test_the_queue_closes_with_its_drop(drop_on_sale, sold_out, now):
    waiting = guest(now)
    join_queue(drop_id=drop_on_sale.pk, buyer_id=waiting, now=now)
    close_drop(drop=drop_on_sale, now=now)

    assert close_queues(now=now) == 1
    let_go(sold_out[0], now)

    assert QueuePlace.objects.get().state == "closed"
    assert not Hold.objects.filter(offered_at__isnull=False).exists()
    with pytest.raises(DropOver):
        join_queue(drop_id=drop_on_sale.pk, buyer_id=guest(now), now=now)


def test_an_offer_stands_still_with_the_show(live_show, drop_on_sale, sold_out, now):
    join_queue(drop_id=drop_on_sale.pk, buyer_id=guest(now), now=now)
    pause_drops(show=live_show, now=now)
    pause_holds(show=live_show, now=now)
    let_go(sold_out[0], now)
    later = now + timedelta(minutes=5)

    assert expire_overdue_holds(now=later) == 0
    resume_drops(show=live_show, now=later)
    resume_holds(show=live_show, now=later)

    offer = Hold.objects.get(offered_at__isnull=False)
    assert offer.expires_at == later + timedelta(seconds=30)


def test_a_place_for_one_variant_waits_for_that_variant(live_show, product, host, now):
    from livecommerce.money import Money

    sage, clay = product.variants.order_by("position")
    drop = announce_drop(
        show=live_show,
        items=[(sage, 1), (clay, 1)],
        price=Money(2100, "EUR"),
        per_buyer=1,
        opens_in=0,
        window=600,
        actor=host.user,
        now=now - timedelta(seconds=30),
    )
    holders = {}
    for variant in (sage, clay):
        buyer = guest(now)
        holders[variant] = (
            buyer,
            place_hold(buyer_id=buyer, drop_id=drop.pk, variant_id=variant.pk, quantity=1, key="k", now=now).hold_id,
        )
    wants_clay, wants_any = guest(now), guest(now)
    join_queue(drop_id=drop.pk, buyer_id=wants_clay, variant_id=clay.pk, now=now)
    join_queue(drop_id=drop.pk, buyer_id=wants_any, now=now)

    let_go(holders[sage], now)
    let_go(holders[clay], now)

    offers = dict(Hold.objects.filter(offered_at__isnull=False).values_list("buyer_id", "variant_id"))
    assert offers == {wants_any: sage.pk, wants_clay: clay.pk}
