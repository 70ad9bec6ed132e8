"""Safe mode: everything of a show stands together, and goes on together where it stood."""

from datetime import timedelta

import pytest

from checkout.holds import place_hold
from checkout.models import Hold
from livecommerce import safe_mode
from livecommerce.safe_mode import NothingToPause
from streams.lineup import pin_item
from streams.models import Drop, Pin

pytestmark = pytest.mark.django_db


@pytest.fixture
def hold(drop_on_sale, variant, viewer, now):
    placed = place_hold(
        buyer_id=viewer.pk, drop_id=drop_on_sale.pk, variant_id=variant.pk, quantity=1, key="k1", show_id=None, now=now
    )
    return Hold.objects.get(pk=placed.hold_id)


def clocks(drop, hold):
    drop, hold = Drop.objects.get(pk=drop.pk), Hold.objects.get(pk=hold.pk)
    return drop.closes_at, hold.expires_at


def test_a_lost_picture_stops_every_clock_and_its_return_gives_the_time_back(live_show, drop_on_sale, hold, now):
    closes_at, expires_at = clocks(drop_on_sale, hold)
    later, back = now + timedelta(seconds=20), now + timedelta(seconds=72)

    safe_mode.picture_lost(show_id=live_show.pk, now=later)
    live_show.refresh_from_db()
    assert live_show.state == "interrupted"
    assert live_show.sales_paused_reason == "picture"
    assert Drop.objects.get(pk=drop_on_sale.pk).state_at(later) == "paused"

    safe_mode.picture_back(show_id=live_show.pk, now=back)
    live_show.refresh_from_db()
    assert live_show.state == "live"
    assert not live_show.sales_paused
    stood = back - later
    assert clocks(drop_on_sale, hold) == (closes_at + stood, expires_at + stood)


def test_losing_the_picture_twice_is_losing_it_once(live_show, drop_on_sale, hold, now):
    before = clocks(drop_on_sale, hold)
    for seconds in (10, 11, 12):
        safe_mode.picture_lost(show_id=live_show.pk, now=now + timedelta(seconds=seconds))
    for seconds in (20, 21):
        safe_mode.picture_back(show_id=live_show.pk, now=now + timedelta(seconds=seconds))

    assert clocks(drop_on_sale, hold) == tuple(moment + timedelta(seconds=10) for moment in before)


def test_the_hosts_pause_outlasts_a_picture_that_comes_back(live_show, drop_on_sale, hold, host, now):
    safe_mode.pause_sales(show=live_show, actor=host.user, now=now)
    safe_mode.picture_lost(show_id=live_show.pk, now=now + timedelta(seconds=10))
    safe_mode.picture_back(show_id=live_show.pk, now=now + timedelta(seconds=20))

    live_show.refresh_from_db()
    assert (live_show.state, live_show.sales_paused_reason) == ("live", "host")
    assert Drop.objects.get(pk=drop_on_sale.pk).state_at(now + timedelta(seconds=20)) == "paused"

    show = safe_mode.resume_sales(show=live_show, actor=host.user, now=now + timedelta(seconds=30))
    assert not show.sales_paused


def test_resuming_while_the_picture_is_away_starts_nothing(live_show, drop_on_sale, hold, host, now):
    safe_mode.picture_lost(show_id=live_show.pk, now=now)
    safe_mode.pause_sales(show=live_show, actor=host.user, now=now + timedelta(seconds=5))
    show = safe_mode.resume_sales(show=live_show, actor=host.user, now=now + timedelta(seconds=10))

    assert show.sales_paused_reason == "picture"
    assert Drop.objects.get(pk=drop_on_sale.pk).state_at(now + timedelta(seconds=10)) == "paused"


def test_a_show_whose_picture_stays_away_ends_and_what_is_held_stays_payable(live_show, drop_on_sale, hold, now):
    safe_mode.picture_lost(show_id=live_show.pk, now=now)
    over = now + timedelta(seconds=600)
    safe_mode.picture_over(show_id=live_show.pk, now=over)

    live_show.refresh_from_db()
    hold.refresh_from_db()
    assert live_show.state == "ended"
    assert Drop.objects.get(pk=drop_on_sale.pk).closed_at is not None
    assert hold.state == Hold.State.HELD
    assert hold.expires_at >= over + timedelta(minutes=10)


def test_ending_a_show_takes_its_pins_down(live_show, lineup_item, host, now):
    pin_item(show=live_show, item_id=lineup_item.pk, actor=host.user, now=now)

    safe_mode.end_show(show=live_show, actor=host.user, now=now + timedelta(minutes=1))

    assert not Pin.objects.open().filter(show=live_show).exists()


def test_sales_of_a_show_that_is_not_on_air_cannot_be_paused(show, host, now):
    with pytest.raises(NothingToPause):
        safe_mode.pause_sales(show=show, actor=host.user, now=now)
