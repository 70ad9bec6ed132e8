"""Holds: who gets a unit, for how long, and what happens to it then."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from catalog.models import Stock
from checkout.granting import decide_holds
from checkout.holds import (
    ExtensionUsed,
    HoldBeingPaid,
    HoldNotFound,
    HoldOver,
    expire_overdue_holds,
    extend_hold,
    keep_holds_payable,
    merge_holds,
    pause_holds,
    place_hold,
    release_hold,
    resume_holds,
)
from checkout.models import BuyerQuota, Hold
from checkout.quotas import BudgetSpent, LimitReached
from checkout.shelf import DropNotOpen, HoldKeyUsed, HoldRequest, NotEnough, SoldOut, VariantNotFound
from livecommerce.accounts.visitors import mint_visitor
from livecommerce.errors import BadInput
from streams.drops import DropNotFound, DropOver, announce_drop, close_drop, pause_drops, resume_drops

pytestmark = pytest.mark.django_db


def guests(count: int, now: datetime) -> list:
    return [mint_visitor(now=now)[0].pk for _ in range(count)]


def tap(buyer, drop, now, *, quantity=1, key=None, **more):
    return place_hold(
        buyer_id=getattr(buyer, "pk", buyer),
        drop_id=drop.pk,
        quantity=quantity,
        key=key or uuid4().hex,
        now=now,
        **more,
    )


def stock_of(drop) -> Stock:
    return drop.items.get().stock


def test_a_hold_takes_units_for_the_time_of_the_drop(viewer, drop_on_sale, now):
    answer = tap(viewer, drop_on_sale, now, quantity=2)

    hold = Hold.objects.get(pk=answer.hold_id)
    assert (hold.state, hold.quantity, hold.unit_price_minor) == ("held", 2, 2100)
    assert answer.expires_at == now + timedelta(seconds=drop_on_sale.hold_seconds)
    assert answer.wire()["price"] == {"amount": 2100, "currency": "EUR"}
    assert stock_of(drop_on_sale).taken == 2


def test_the_same_key_gets_the_same_answer(viewer, drop_on_sale, now):
    first = tap(viewer, drop_on_sale, now, key="once")

    again = tap(viewer, drop_on_sale, now + timedelta(seconds=3), key="once")

    assert again == first
    assert stock_of(drop_on_sale).taken == 1


def test_a_key_does_not_stand_for_two_wishes(viewer, drop_on_sale, now):
    tap(viewer, drop_on_sale, now, key="once")

    with pytest.raises(HoldKeyUsed):
        tap(viewer, drop_on_sale, now, key="once", quantity=2)


@pytest.mark.parametrize("key", ["", "\0", "a\0b", "k" * 65])
def test_a_key_that_cannot_be_stored_is_refused_and_spoils_nobody_elses_tap(
    viewer, rival_viewer, drop_on_sale, now, key
):
    taps = [
        HoldRequest(buyer_id=buyer.pk, variant_id=None, quantity=1, key=its_key, at=now)
        for buyer, its_key in ((viewer, key), (rival_viewer, 'mine "and\\ only, {mine}'))
    ]

    refused, held = decide_holds(("drop", drop_on_sale.pk), taps, now=now)

    assert isinstance(refused, BadInput)
    assert Hold.objects.get(pk=held.hold_id).key == 'mine "and\\ only, {mine}'
    assert decide_holds(("drop", drop_on_sale.pk), taps[1:], now=now) == [held]


def test_holds_are_numbered_in_the_order_of_the_taps(drop_on_sale, now):
    taps = [HoldRequest(buyer_id=buyer, variant_id=None, quantity=1, key="k", at=now) for buyer in guests(5, now)]

    ids = [answer.hold_id for answer in decide_holds(("drop", drop_on_sale.pk), taps, now=now)]

    assert ids == sorted(ids)
    assert list(Hold.objects.order_by("pk").values_list("buyer", flat=True)) == [tap.buyer_id for tap in taps]


def test_the_last_unit_goes_to_one_viewer_only(viewer, rival_viewer, drop_on_sale, now):
    for buyer in guests(9, now):
        tap(buyer, drop_on_sale, now)

    tap(viewer, drop_on_sale, now)

    with pytest.raises(SoldOut):
        tap(rival_viewer, drop_on_sale, now)
    assert stock_of(drop_on_sale).left == 0


def test_a_batch_is_decided_in_the_order_of_arrival(drop_on_sale, now):
    buyers = guests(14, now)
    requests = [
        HoldRequest(buyer_id=buyer, variant_id=None, quantity=1, key=f"k{n}", at=now) for n, buyer in enumerate(buyers)
    ]

    answers = decide_holds(("drop", drop_on_sale.pk), requests, now=now)

    assert [isinstance(answer, SoldOut) for answer in answers] == [False] * 10 + [True] * 4
    held = Hold.objects.order_by("pk").values_list("buyer_id", flat=True)
    assert list(held) == buyers[:10]


def test_a_bad_tap_fails_alone(viewer, drop_on_sale, now):
    fine, bad = guests(2, now)
    requests = [
        HoldRequest(buyer_id=fine, variant_id=None, quantity=1, key="a", at=now),
        HoldRequest(buyer_id=bad, variant_id=None, quantity=0, key="b", at=now),
        HoldRequest(buyer_id=fine, variant_id=None, quantity=1, key="a", at=now),
        HoldRequest(buyer_id=fine, variant_id=None, quantity=2, key="c", at=now),
    ]

    answers = decide_holds(("drop", drop_on_sale.pk), requests, now=now)

    assert answers[0] == answers[2]
    assert isinstance(answers[1], BadInput)
    assert isinstance(answers[3], LimitReached)


def test_one_buyer_gets_no_more_than_the_limit(viewer, drop_on_sale, now):
    tap(viewer, drop_on_sale, now)
    tap(viewer, drop_on_sale, now)

    with pytest.raises(LimitReached):
        tap(viewer, drop_on_sale, now)


def test_asking_for_more_than_is_left_holds_nothing(viewer, rival_viewer, drop_on_sale, now):
    for buyer in guests(9, now):
        tap(buyer, drop_on_sale, now)

    with pytest.raises(NotEnough, match="1 left"):
        tap(viewer, drop_on_sale, now, quantity=2)

    tap(rival_viewer, drop_on_sale, now)


def test_the_clock_at_receipt_opens_and_closes(viewer, drop_on_sale, now):
    with pytest.raises(DropNotOpen) as early:
        tap(viewer, drop_on_sale, drop_on_sale.opens_at - timedelta(milliseconds=1500))
    with pytest.raises(DropOver):
        tap(viewer, drop_on_sale, drop_on_sale.closes_at)

    assert early.value.retry_in == 1.5
    tap(viewer, drop_on_sale, drop_on_sale.closes_at - timedelta(milliseconds=1))


def test_a_tap_received_in_time_counts_though_it_is_decided_later(viewer, drop_on_sale, now):
    request = HoldRequest(
        buyer_id=viewer.pk, variant_id=None, quantity=1, key="k", at=drop_on_sale.closes_at - timedelta(milliseconds=5)
    )

    answers = decide_holds(
        ("drop", drop_on_sale.pk), [request], now=drop_on_sale.closes_at + timedelta(milliseconds=500)
    )

    assert not isinstance(answers[0], Exception)


def test_a_plain_product_is_held_at_the_price_of_the_shop(viewer, variant, now):
    answer = place_hold(buyer_id=viewer.pk, variant_id=variant.pk, quantity=3, key="k", now=now)

    assert answer.price.minor == 2800
    assert Stock.objects.shop().get(variant=variant).taken == 3


def test_what_is_not_there_cannot_be_held(viewer, live_show, drop_on_sale, variant, now):
    with pytest.raises(DropNotFound):
        place_hold(buyer_id=viewer.pk, drop_id=999, quantity=1, key="k", now=now)
    with pytest.raises(VariantNotFound):
        place_hold(buyer_id=viewer.pk, variant_id=999, quantity=1, key="k", now=now)
    with pytest.raises(BadInput):
        place_hold(buyer_id=viewer.pk, quantity=1, key="k", now=now)
    with pytest.raises(DropNotFound):
        tap(viewer, drop_on_sale, now, show_id=live_show.pk + 1)


def test_a_released_hold_gives_its_units_back_once(viewer, drop_on_sale, now):
    hold_id = tap(viewer, drop_on_sale, now, quantity=2).hold_id

    release_hold(hold_id=hold_id, buyer_id=viewer.pk, now=now)
    release_hold(hold_id=hold_id, buyer_id=viewer.pk, now=now)

    assert stock_of(drop_on_sale).taken == 0
    assert BuyerQuota.objects.get().units == 0


def test_an_outsider_touches_no_hold(viewer, rival_viewer, drop_on_sale, now):
    hold_id = tap(viewer, drop_on_sale, now).hold_id

    with pytest.raises(HoldNotFound):
        release_hold(hold_id=hold_id, buyer_id=rival_viewer.pk, now=now)
    with pytest.raises(HoldNotFound):
        extend_hold(hold_id=hold_id, buyer_id=rival_viewer.pk, now=now)


def test_a_hold_is_made_longer_once_for_a_buyer_and_a_drop(viewer, drop_on_sale, now):
    first, second = (tap(viewer, drop_on_sale, now) for _ in range(2))

    longer = extend_hold(hold_id=first.hold_id, buyer_id=viewer.pk, now=now)

    assert longer.expires_at == first.expires_at + timedelta(minutes=3)
    for hold_id in (first.hold_id, second.hold_id):
        with pytest.raises(ExtensionUsed):
            extend_hold(hold_id=hold_id, buyer_id=viewer.pk, now=now)


def test_a_hold_that_ran_out_cannot_be_made_longer(viewer, drop_on_sale, now):
    answer = tap(viewer, drop_on_sale, now)

    with pytest.raises(HoldOver):
        extend_hold(hold_id=answer.hold_id, buyer_id=viewer.pk, now=answer.expires_at)


def test_a_hold_being_paid_is_nobodys_to_end(viewer, drop_on_sale, now):
    answer = tap(viewer, drop_on_sale, now)
    Hold.objects.update(state="paying")

    assert expire_overdue_holds(now=answer.expires_at + timedelta(hours=1)) == 0
    with pytest.raises(HoldBeingPaid):
        release_hold(hold_id=answer.hold_id, buyer_id=viewer.pk, now=now)


def test_holds_that_ran_out_go_back(viewer, drop_on_sale, now):
    answer = tap(viewer, drop_on_sale, now, quantity=2)

    assert expire_overdue_holds(now=answer.expires_at - timedelta(milliseconds=1)) == 0
    assert expire_overdue_holds(now=answer.expires_at) == 1

    assert stock_of(drop_on_sale).taken == 0
    assert Hold.objects.get().state == "expired"


def test_a_sweeper_that_stands_still_never_blocks_a_sale(viewer, drop_on_sale, now):
    for buyer in guests(10, now):
        tap(buyer, drop_on_sale, now)

    tap(viewer, drop_on_sale, now + timedelta(seconds=drop_on_sale.hold_seconds))

    assert Hold.objects.filter(state="expired").count() == 10
    assert stock_of(drop_on_sale).taken == 1


def test_a_timer_cannot_be_farmed(viewer, drop_on_sale, now):
    for _ in range(3):
        hold_id = tap(viewer, drop_on_sale, now).hold_id
        release_hold(hold_id=hold_id, buyer_id=viewer.pk, now=now)

    with pytest.raises(BudgetSpent):
        tap(viewer, drop_on_sale, now)


def test_in_the_shop_the_budget_is_new_after_an_hour(viewer, variant, now):
    for n in range(3):
        answer = place_hold(buyer_id=viewer.pk, variant_id=variant.pk, quantity=1, key=f"k{n}", now=now)
        release_hold(hold_id=answer.hold_id, buyer_id=viewer.pk, now=now)

    with pytest.raises(BudgetSpent):
        place_hold(buyer_id=viewer.pk, variant_id=variant.pk, quantity=1, key="x", now=now)
    place_hold(buyer_id=viewer.pk, variant_id=variant.pk, quantity=1, key="y", now=now + timedelta(hours=1))


def test_clocks_that_stood_go_on_where_they_stood(viewer, live_show, drop_on_sale, now):
    answer = tap(viewer, drop_on_sale, now)
    later = now + timedelta(minutes=20)

    pause_drops(show=live_show, now=now)
    pause_holds(show=live_show, now=now)
    assert expire_overdue_holds(now=later) == 0
    resume_drops(show=live_show, now=later)
    resume_holds(show=live_show, now=later)

    assert Hold.objects.get().expires_at == answer.expires_at + timedelta(minutes=20)
    drop_on_sale.refresh_from_db()
    assert drop_on_sale.state_at(later) == "open"


def test_what_is_held_stays_payable_when_the_show_is_over(viewer, live_show, drop_on_sale, now):
    tap(viewer, drop_on_sale, now)
    until = now + timedelta(minutes=30)

    close_drop(drop=drop_on_sale, now=now)
    keep_holds_payable(show=live_show, until=until, now=now)

    assert expire_overdue_holds(now=until - timedelta(seconds=1)) == 0
    assert expire_overdue_holds(now=until) == 1


def test_a_drop_of_two_variants_has_one_limit(viewer, live_show, product, host, now):
    from livecommerce.money import Money

    sage, clay = product.variants.order_by("position")
    drop = announce_drop(
        show=live_show,
        items=[(sage, 5), (clay, 5)],
        price=Money(2100, "EUR"),
        per_buyer=2,
        opens_in=0,
        window=600,
        actor=host.user,
        now=now - timedelta(seconds=30),
    )
    tap(viewer, drop, now, variant_id=sage.pk)
    tap(viewer, drop, now, variant_id=clay.pk)

    with pytest.raises(LimitReached):
        tap(viewer, drop, now, variant_id=clay.pk)
    with pytest.raises(BadInput):
        tap(viewer, drop, now)


def test_a_guest_who_signs_in_keeps_the_holds(viewer, rival_viewer, drop_on_sale, now):
    tap(rival_viewer, drop_on_sale, now, key="same")
    tap(viewer, drop_on_sale, now, key="same")

    merge_holds(from_visitor=rival_viewer.pk, to_visitor=viewer.pk, now=now)

    assert Hold.objects.of_buyer(viewer.pk).open().count() == 2
    with pytest.raises(LimitReached):
        tap(viewer, drop_on_sale, now)


def test_signing_in_does_not_double_the_limit(viewer, rival_viewer, drop_on_sale, now):
    tap(rival_viewer, drop_on_sale, now, quantity=2)
    tap(viewer, drop_on_sale, now)

    merge_holds(from_visitor=rival_viewer.pk, to_visitor=viewer.pk, now=now)

    assert sum(hold.quantity for hold in Hold.objects.of_buyer(viewer.pk).open()) <= 2
