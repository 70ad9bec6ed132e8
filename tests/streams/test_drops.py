"""Drops: announced fairly, open by the clock, paused with the show, closed once."""

from datetime import timedelta

import pytest

from catalog.models import PriceChange, Stock
from catalog.prices import set_price
from catalog.stock import NotEnoughStock
from checkout.holds import place_hold, release_hold
from livecommerce.errors import BadInput
from livecommerce.money import Money
from livecommerce.realtime import feed
from streams.drops import (
    AlreadyInDrop,
    AnotherDropRuns,
    DropNotFound,
    SalesPaused,
    ShowNotLive,
    announce_drop,
    close_drop,
    close_due_drops,
    drop_card,
    drop_of_show,
    drops_with_leftovers,
    fair_countdown,
    open_due_drops,
    pause_drops,
    resume_drops,
    return_leftovers,
)
from streams.models import Drop, Show

pytestmark = pytest.mark.django_db

EUR21 = Money(2100, "EUR")


@pytest.fixture
def announce(live_show, variant, host, now):
    def call(**changes):
        terms = {
            "show": live_show, "items": [(variant, 10)], "price": EUR21, "per_buyer": 2, "opens_in": 0, "window": 600,
            "actor": host.user, "now": now,
        }  # fmt: skip
        return announce_drop(**(terms | changes))

    return call


def kinds(show: Show) -> list[str]:
    names = ("drop.scheduled", "drop.opened", "drop.paused", "drop.resumed", "drop.sold_out", "drop.closed")
    return [event["type"] for event in feed.recent(show.pk, names, 50)]


def card(drop: Drop, now):
    return drop_card(Drop.objects.with_units().get(pk=drop.pk), now)


def test_announcing_moves_the_units_out_of_the_shop(announce, variant, live_show):
    drop = announce()

    assert Stock.objects.shop().get(variant=variant).on_hand == 90
    assert drop.items.get().stock.on_hand == 10
    assert kinds(live_show) == ["drop.scheduled"]


def test_the_countdown_is_never_shorter_than_the_slowest_viewer_needs(announce, live_show, now, monkeypatch):
    monkeypatch.setattr("streams.drops.viewers_delay_ms", lambda show, now: 11_200)

    drop = announce(opens_in=0)

    assert (drop.opens_at - now).total_seconds() == 15
    assert fair_countdown(live_show, now).go_at == 12


def test_with_nobody_late_it_counts_down_ten_seconds(announce, now):
    assert (announce().opens_at - now).total_seconds() == 10


def test_a_longer_countdown_is_kept(announce, now):
    assert (announce(opens_in=60).opens_at - now).total_seconds() == 60


@pytest.mark.parametrize(
    ("field", "value"),
    [("opens_in", 301), ("window", 59), ("window", 1201), ("per_buyer", 0), ("price", Money(0, "EUR"))],
)
def test_terms_outside_the_rules_are_refused_with_words(announce, field, value):
    with pytest.raises(BadInput) as refused:
        announce(**{field: value})

    assert field in refused.value.fields
    assert Drop.objects.count() == 0


def test_a_price_in_another_currency_is_refused(announce):
    with pytest.raises(BadInput):
        announce(price=Money(2100, "USD"))


def test_more_units_than_the_shop_has_are_refused(announce, variant):
    with pytest.raises(NotEnoughStock):
        announce(items=[(variant, 101)])

    assert Stock.objects.shop().get(variant=variant).on_hand == 100


def test_a_variant_is_in_one_open_drop_at_most(announce):
    announce()

    with pytest.raises(AlreadyInDrop):
        announce(alongside=True)


def test_one_drop_at_a_time_unless_told_otherwise(announce, product):
    announce()
    other = product.variants.order_by("position")[1]

    with pytest.raises(AnotherDropRuns):
        announce(items=[(other, 5)])
    announce(items=[(other, 5)], alongside=True)


def test_a_drop_needs_a_live_show(announce, show, live_show, now):
    Show.objects.update(state="interrupted")
    with pytest.raises(ShowNotLive):
        announce()
    Show.objects.update(state="live", sales_paused_at=now)
    with pytest.raises(SalesPaused):
        announce()


def test_the_struck_price_is_the_lowest_of_thirty_days(announce, variant, now):
    for days, minor in ((60, 1500), (40, 2800), (20, 2600), (10, 2900)):
        PriceChange.objects.create(variant=variant, price_minor=minor, at=now - timedelta(days=days))

    wire = card(announce(), now)

    assert wire["earlier_price"] == {"amount": 2600, "currency": "EUR"}
    assert wire["percent_off"] == 19


def test_without_a_lower_price_nothing_is_struck(announce, variant, now):
    set_price(variant=variant, price=Money(2000, "EUR"), actor=None, now=now - timedelta(days=3))

    assert card(announce(), now)["earlier_price"] is None


def test_a_drop_counts_for_what_the_next_one_may_strike(announce, variant, now):
    PriceChange.objects.create(variant=variant, price_minor=2800, at=now - timedelta(days=90))
    first = announce()
    close_drop(drop=first, now=now + timedelta(minutes=15))

    again = announce(now=now + timedelta(minutes=20))

    assert card(first, now)["earlier_price"]["amount"] == 2800
    assert again.run == 2
    assert card(again, now)["earlier_price"] is None


def test_the_clock_decides_the_state(announce, now):
    drop = announce()
    moments = [now, drop.opens_at, drop.closes_at - timedelta(milliseconds=1), drop.closes_at]

    assert [drop.state_at(moment) for moment in moments] == ["announced", "open", "open", "closed"]


def test_viewers_hear_once_that_it_opened(announce, live_show):
    drop = announce()

    assert open_due_drops(now=drop.opens_at - timedelta(milliseconds=1)) == 0
    assert open_due_drops(now=drop.opens_at) == 1
    assert open_due_drops(now=drop.opens_at) == 0
    assert kinds(live_show) == ["drop.scheduled", "drop.opened"]


def test_leftovers_return_when_the_window_is_over(announce, variant, viewer, live_show):
    drop = announce()
    place_hold(buyer_id=viewer.pk, drop_id=drop.pk, quantity=2, key="k", now=drop.opens_at)

    assert close_due_drops(now=drop.closes_at) == 0
    assert close_due_drops(now=drop.closes_at + timedelta(seconds=1)) == 1

    assert Stock.objects.shop().get(variant=variant).on_hand == 98
    assert drop.items.get().stock.on_hand == 2
    assert kinds(live_show)[-1] == "drop.closed"


def test_what_comes_back_after_the_end_goes_to_the_shop_too(announce, variant, viewer):
    drop = announce()
    answer = place_hold(buyer_id=viewer.pk, drop_id=drop.pk, quantity=2, key="k", now=drop.opens_at)
    close_drop(drop=drop, now=drop.opens_at)
    release_hold(hold_id=answer.hold_id, buyer_id=viewer.pk, now=drop.opens_at)

    for one in drops_with_leftovers():
        return_leftovers(drop=one, now=drop.opens_at)

    assert Stock.objects.shop().get(variant=variant).on_hand == 100


def test_closing_twice_closes_once(announce, variant, now, live_show):
    drop = announce()

    close_drop(drop=drop, now=now)
    close_drop(drop=drop, now=now)

    assert Stock.objects.shop().get(variant=variant).on_hand == 100
    assert kinds(live_show).count("drop.closed") == 1


def test_a_pause_moves_the_end_by_its_length_and_nothing_else(announce, live_show, now):
    drop = announce()
    middle = drop.opens_at + timedelta(minutes=2)

    pause_drops(show=live_show, now=middle)
    assert card(drop, middle)["state"] == "paused"
    resume_drops(show=live_show, now=middle + timedelta(seconds=52))

    fresh = Drop.objects.get()
    assert fresh.opens_at == drop.opens_at
    assert fresh.closes_at == drop.closes_at + timedelta(seconds=52)
    assert fresh.price_minor == drop.price_minor


def test_a_countdown_that_stood_goes_on_where_it_stood(announce, live_show, now):
    drop = announce(opens_in=30)

    pause_drops(show=live_show, now=now + timedelta(seconds=10))
    resume_drops(show=live_show, now=now + timedelta(seconds=70))

    assert Drop.objects.get().opens_at == drop.opens_at + timedelta(seconds=60)


def test_sold_out_is_said_once_and_at_once(announce, live_show, variant, viewer, rival_viewer):
    drop = announce(items=[(variant, 2)])

    answer = place_hold(buyer_id=viewer.pk, drop_id=drop.pk, quantity=2, key="k", now=drop.opens_at)
    release_hold(hold_id=answer.hold_id, buyer_id=viewer.pk, now=drop.opens_at)
    place_hold(buyer_id=rival_viewer.pk, drop_id=drop.pk, quantity=2, key="k", now=drop.opens_at)

    assert kinds(live_show).count("drop.sold_out") == 1
    assert card(drop, drop.opens_at)["state"] == "sold_out"


def test_a_drop_of_another_show_is_not_found(announce, live_show):
    drop = announce()

    with pytest.raises(DropNotFound):
        drop_of_show(show=Show(pk=live_show.pk + 1), drop_id=drop.pk)
