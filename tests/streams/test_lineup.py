"""The line-up and its pins: three at most, each with its place in the picture."""

from datetime import timedelta

import pytest

from livecommerce.realtime import feed
from streams.lineup import (
    AlreadyInLineup,
    ItemNotInLineup,
    LineupIsIncomplete,
    ProductOfAnotherBrand,
    ShowIsOver,
    TooManyPins,
    add_to_lineup,
    item_cards,
    next_item,
    pin_item,
    pins_state,
    reorder_lineup,
    unpin_item,
)
from streams.models import Pin
from streams.shows import end_show
from tests.conftest import make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def items(live_show, lineup_item, brand, now):
    """Four items: the cup and three more."""
    more = [make_product(brand, name, name.upper(), ["Plain"], now) for name in ("Tea", "Oil", "Bread")]
    return [lineup_item, *(add_to_lineup(show=live_show, product=product) for product in more)]


def pin(show, item, host, now):
    return pin_item(show=show, item_id=item.pk, actor=host.user, now=now)


def test_a_pin_carries_the_place_of_the_hosts_tap_in_the_picture(live_show, items, host, now):
    made = pin(live_show, items[0], host, now)

    assert made.programme_at == now + timedelta(milliseconds=live_show.ingest_delay_ms)
    (event,) = feed.recent(live_show.pk, ("item.pinned",), 5)
    assert event["item"] == items[0].pk
    assert event["programme_at"] == round(made.programme_at.timestamp() * 1000)


def test_three_items_can_be_pinned_and_not_four(live_show, items, host, now):
    for item in items[:3]:
        pin(live_show, item, host, now)

    with pytest.raises(TooManyPins):
        pin(live_show, items[3], host, now)
    assert [card["id"] for card in pins_state(live_show, now)["items"]] == [item.pk for item in items[:3]]


def test_pinning_twice_pins_once(live_show, items, host, now):
    first = pin(live_show, items[0], host, now)
    again = pin(live_show, items[0], host, now + timedelta(seconds=3))

    assert first == again
    assert len(feed.recent(live_show.pk, ("item.pinned",), 5)) == 1


def test_unpinning_what_is_not_pinned_changes_nothing(live_show, items, now):
    unpin_item(show=live_show, item_id=items[0].pk, now=now)

    assert feed.recent(live_show.pk, ("item.unpinned",), 5) == []


def test_the_next_item_takes_the_place_of_what_was_pinned(live_show, items, host, now):
    shown = [next_item(show=live_show, actor=host.user, now=now + timedelta(minutes=n)) for n in range(5)]

    assert shown == [*items, None]
    assert not Pin.objects.open().filter(show=live_show).exists()
    items[0].refresh_from_db()
    assert items[0].done_at == now + timedelta(minutes=1)


def test_nothing_is_pinned_in_a_show_that_is_over(live_show, items, host, now):
    show = end_show(show=live_show, actor=host.user, now=now)

    with pytest.raises(ShowIsOver):
        pin(show, items[0], host, now)


def test_an_item_of_another_show_cannot_be_pinned(live_show, host, now):
    with pytest.raises(ItemNotInLineup):
        pin_item(show=live_show, item_id=999_999, actor=host.user, now=now)
    with pytest.raises(ItemNotInLineup):
        unpin_item(show=live_show, item_id=999_999, now=now)


def test_a_product_is_in_the_line_up_once_and_only_of_the_own_brand(live_show, items, product, rival_brand, now):
    with pytest.raises(AlreadyInLineup):
        add_to_lineup(show=live_show, product=product)
    with pytest.raises(ProductOfAnotherBrand):
        add_to_lineup(show=live_show, product=make_product(rival_brand, "Lamp", "LAMP", ["Black"], now))


def test_a_new_order_names_every_item_once(live_show, items, now):
    order = [item.pk for item in reversed(items)]
    reorder_lineup(show=live_show, item_ids=order)

    assert [card["id"] for card in item_cards(live_show, now)] == order
    for wrong in (order[:2], [*order, order[0]], [*order[:3], 999_999]):
        with pytest.raises(LineupIsIncomplete):
            reorder_lineup(show=live_show, item_ids=wrong)


def test_a_card_shows_the_drops_price_while_it_runs(live_show, items, drop_on_sale, now):
    card = item_cards(live_show, now)[0]

    assert card["price"] == {"amount": 2100, "currency": "EUR"}
    assert card["earlier_price"] == {"amount": 2800, "currency": "EUR"}
    assert card["drop"]["id"] == drop_on_sale.pk
    assert not card["plain"]


def test_cards_cost_the_same_few_queries_for_any_line_up(live_show, items, now, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        assert len(item_cards(live_show, now)) == 4
