"""The draw of a scarce drop: fixed before, open after."""

from datetime import timedelta
from hashlib import sha256

import pytest

from checkout.draws import BeingDrawn, InDraw, OneInDraw, draw_due, drawn_order
from checkout.granting import decide_holds
from checkout.holds import place_hold
from checkout.ledger import ledger_of, ledger_wire
from checkout.models import Hold, QueuePlace
from checkout.shelf import DropPaused, HoldRequest, SoldOut
from livecommerce.accounts.visitors import mint_visitor
from livecommerce.errors import BadInput
from livecommerce.money import Money
from livecommerce.realtime import feed
from streams.drops import announce_drop, close_drop, drop_card, pause_drops, resume_drops
from streams.models import Drop

pytestmark = pytest.mark.django_db


@pytest.fixture
def scarce(live_show, variant, host, now) -> Drop:
    """Three cups, drawn among the taps of the first five seconds."""
    return announce_drop(
        show=live_show,
        items=[(variant, 3)],
        price=Money(2100, "EUR"),
        per_buyer=1,
        opens_in=0,
        window=600,
        draw_seconds=5,
        actor=host.user,
        now=now - timedelta(seconds=10),
    )


def tap_all(drop, count, now):
    requests = [
        HoldRequest(buyer_id=mint_visitor(now=now)[0].pk, variant_id=None, quantity=1, key="k", at=drop.opens_at)
        for _ in range(count)
    ]
    return decide_holds(("drop", drop.pk), requests, now=drop.opens_at)


def test_early_taps_get_a_slip_and_nothing_else(scarce, now):
    answers = tap_all(scarce, 8, now)

    assert all(isinstance(answer, InDraw) for answer in answers)
    assert Hold.objects.count() == 0
    assert list(QueuePlace.objects.order_by("pk").values_list("ticket", flat=True)) == list(range(1, 9))


def test_the_draw_follows_the_seed_that_was_promised(scarce, now):
    tap_all(scarce, 8, now)
    promise = drop_card(Drop.objects.with_units().get(pk=scarce.pk), now)["draw_promise"]

    draw_due(now=scarce.opens_at + timedelta(seconds=6))

    wire = ledger_wire(ledger_of(Drop.objects.with_units().get(pk=scarce.pk), now))["draw"]
    assert sha256(wire["seed"].encode()).hexdigest() == promise == wire["promise"]
    assert wire["tickets"] == drawn_order(wire["seed"], range(1, 9))
    winners = set(QueuePlace.objects.filter(state="offered").values_list("ticket", flat=True))
    assert winners == set(wire["tickets"][:3])


def test_the_seed_stays_closed_until_the_draw(scarce, now):
    card = drop_card(Drop.objects.with_units().get(pk=scarce.pk), now)

    assert card["draw_seed"] == ""
    assert ledger_wire(ledger_of(Drop.objects.with_units().get(pk=scarce.pk), now))["draw"]["seed"] is None


def test_a_draw_whose_timekeeper_stands_still_is_held_by_the_next_tap(scarce, now):
    tap_all(scarce, 8, now)
    late = scarce.opens_at + timedelta(seconds=7)

    with pytest.raises(SoldOut):
        place_hold(buyer_id=mint_visitor(now=now)[0].pk, drop_id=scarce.pk, quantity=1, key="k", now=late)

    assert QueuePlace.objects.filter(state="offered").count() == 3


def test_who_was_drawn_takes_the_unit(scarce, now):
    tap_all(scarce, 4, now)
    drawn = scarce.opens_at + timedelta(seconds=6)
    draw_due(now=drawn)
    winner = QueuePlace.objects.filter(state="offered").first()

    answer = place_hold(buyer_id=winner.buyer_id, drop_id=scarce.pk, quantity=1, key="take", now=drawn)

    assert answer.hold_id == winner.hold_id


def test_what_the_draw_leaves_is_for_everybody(scarce, now):
    tap_all(scarce, 1, now)
    late = scarce.opens_at + timedelta(seconds=7)
    draw_due(now=late)

    place_hold(buyer_id=mint_visitor(now=now)[0].pk, drop_id=scarce.pk, quantity=1, key="k", now=late)


def test_who_comes_while_the_lots_are_drawn_gets_nothing_before_those_who_are_in(scarce, now):
    tap_all(scarce, 8, now)
    meanwhile = scarce.opens_at + timedelta(seconds=5.5)

    with pytest.raises(BeingDrawn):
        place_hold(buyer_id=mint_visitor(now=now)[0].pk, drop_id=scarce.pk, quantity=1, key="k", now=meanwhile)

    assert Hold.objects.count() == 0


def test_in_a_draw_everybody_may_ask_for_one(scarce, now):
    Drop.objects.filter(pk=scarce.pk).update(per_buyer=2)

    with pytest.raises(OneInDraw):
        place_hold(buyer_id=mint_visitor(now=now)[0].pk, drop_id=scarce.pk, quantity=2, key="k", now=scarce.opens_at)

    assert QueuePlace.objects.count() == 0


def test_a_pause_stops_the_clock_of_the_draw(scarce, live_show, now):
    tap_all(scarce, 4, now)
    stopped = scarce.opens_at + timedelta(seconds=2)
    pause_drops(show=live_show, now=stopped)

    assert draw_due(now=stopped + timedelta(seconds=30)) == 0
    late = stopped + timedelta(seconds=30)
    with pytest.raises(DropPaused):
        place_hold(buyer_id=mint_visitor(now=now)[0].pk, drop_id=scarce.pk, quantity=1, key="k", now=late)
    resume_drops(show=live_show, now=stopped + timedelta(seconds=60))

    drop = Drop.objects.get(pk=scarce.pk)
    assert drop.drawn_at is None
    assert drop.draw_ends_at - stopped == timedelta(seconds=63)


def test_a_pause_after_the_draw_moves_nothing_of_it(scarce, live_show):
    after = scarce.opens_at + timedelta(seconds=20)
    pause_drops(show=live_show, now=after)
    resume_drops(show=live_show, now=after + timedelta(seconds=60))

    assert Drop.objects.get(pk=scarce.pk).draw_ends_at == scarce.draw_ends_at


def test_everybody_is_told_that_the_lots_are_drawn(scarce, live_show, now):
    tap_all(scarce, 4, now)

    draw_due(now=scarce.opens_at + timedelta(seconds=6))

    (event,) = feed.recent(live_show.pk, ("drop.drawn",), 50)
    assert event["drop"]["draw_seed"] == Drop.objects.get(pk=scarce.pk).draw_seed


def test_the_seed_of_a_draw_that_was_called_off_stays_closed(scarce, live_show, now):
    tap_all(scarce, 4, now)
    close_drop(drop=scarce, now=scarce.opens_at + timedelta(seconds=2))

    assert draw_due(now=scarce.opens_at + timedelta(seconds=20)) == 0
    assert not Drop.objects.get(pk=scarce.pk).drawn_at


@pytest.mark.parametrize(("draw_seconds", "window"), [(-1, 600), (61, 600), (31, 60)])
def test_a_draw_leaves_time_to_take_what_was_drawn(live_show, variant, host, now, draw_seconds, window):
    with pytest.raises(BadInput) as refused:
        announce_drop(
            show=live_show,
            items=[(variant, 3)],
            price=Money(2100, "EUR"),
            per_buyer=1,
            opens_in=0,
            window=window,
            draw_seconds=draw_seconds,
            actor=host.user,
            now=now,
        )

    assert list(refused.value.fields) == ["draw_seconds"]
