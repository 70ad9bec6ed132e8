"""The line-up and its pins.

The rule guarded here: at most three items are on the picture, and what viewers see of them carries the place of the
host's tap on the picture's clock. The show's row is locked while pins change: two people in the Studio may tap at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max

from catalog.models import Product
from livecommerce.errors import NotFound, Refused
from livecommerce.realtime import publish
from livecommerce.realtime.protocol import ItemPinned, ItemUnpinned
from streams.cards import item_card
from streams.models import Drop, LineupItem, Pin, Show

if TYPE_CHECKING:
    from livecommerce.accounts.models import User

MOST_PINS = 3


class ItemNotInLineup(NotFound):
    code = "item.not_found"
    message = "This item is not in the show's line-up."


class TooManyPins(Refused):
    code = "pin.too_many"
    message = "Three items are pinned already. Unpin one first."


class ShowIsOver(Refused):
    code = "show.over"
    message = "The show is over; nothing can be pinned any more."


class LineupIsIncomplete(Refused):
    code = "lineup.incomplete"
    status = 422
    message = "The new order must name every item of the line-up once."


class ProductOfAnotherBrand(Refused):
    code = "lineup.other_brand"
    status = 422
    message = "Only products of the show's own brand can be in its line-up."


class AlreadyInLineup(Refused):
    code = "lineup.twice"
    message = "This product is in the line-up already."


@transaction.atomic
def add_to_lineup(*, show: Show, product: Product, **plan: Any) -> LineupItem:
    """Put a product at the end. `plan` takes planned_minutes, cue, notes and the drop's price, units and limit.

    :raises ProductOfAnotherBrand, AlreadyInLineup:
    """
    _lock(show)
    if product.brand_id != show.brand_id:
        raise ProductOfAnotherBrand
    if show.lineup.filter(product=product).exists():
        raise AlreadyInLineup
    last = show.lineup.aggregate(last=Max("position"))["last"] or 0
    return LineupItem.objects.create(show=show, product=product, position=last + 1, **plan)


@transaction.atomic
def reorder_lineup(*, show: Show, item_ids: Sequence[int]) -> None:
    """Give the items this order.

    :raises LineupIsIncomplete: an item is missing or named twice.
    """
    _lock(show)
    items = {item.pk: item for item in show.lineup.all()}
    if sorted(item_ids) != sorted(items):
        raise LineupIsIncomplete
    for position, item_id in enumerate(item_ids, start=1):
        items[item_id].position = position
    LineupItem.objects.bulk_update(items.values(), ["position"])


@transaction.atomic
def pin_item(*, show: Show, item_id: int, actor: User | None, now: datetime) -> Pin:
    """Show an item on the picture; pinning it again changes nothing.

    :raises ItemNotInLineup, TooManyPins, ShowIsOver:
    """
    _lock(show)
    item = show.lineup.filter(pk=item_id).first()
    if item is None:
        raise ItemNotInLineup
    if show.is_past or show.state in {Show.State.ARCHIVED, Show.State.CANCELLED}:
        raise ShowIsOver
    pinned = list(Pin.objects.open().filter(show=show))
    for pin in pinned:
        if pin.item_id == item.pk:
            return pin
    if len(pinned) >= MOST_PINS:
        raise TooManyPins
    pin = Pin.objects.create(
        show=show, item=item, pinned_at=now, programme_at=show.programme_time(now), pinned_by=actor
    )
    _tell(show, ItemPinned(item=item.pk), now=now)
    return pin


@transaction.atomic
def unpin_item(*, show: Show, item_id: int, now: datetime) -> None:
    """Take an item off the picture; taking it off again changes nothing.

    :raises ItemNotInLineup: it was never there.
    """
    _lock(show)
    if not show.lineup.filter(pk=item_id).exists():
        raise ItemNotInLineup
    if Pin.objects.open().filter(show=show, item=item_id).update(unpinned_at=now):
        _tell(show, ItemUnpinned(item=item_id), now=now)


@transaction.atomic
def next_item(*, show: Show, actor: User | None, now: datetime) -> LineupItem | None:
    """Follow the rundown: tick off what is pinned, pin the next item; None at the end of the line-up."""
    _lock(show)
    for pin in Pin.objects.open().filter(show=show):
        show.lineup.filter(pk=pin.item_id, done_at__isnull=True).update(done_at=now)
        unpin_item(show=show, item_id=pin.item_id, now=now)
    coming = show.lineup.filter(done_at__isnull=True).order_by("position", "pk").first()
    if coming is not None:
        pin_item(show=show, item_id=coming.pk, actor=actor, now=now)
    return coming


@transaction.atomic
def unpin_all(*, show: Show, now: datetime) -> None:
    """Clear the picture, when the show ends."""
    for pin in Pin.objects.open().filter(show=show):
        unpin_item(show=show, item_id=pin.item_id, now=now)


def pins_state(show: Show, now: datetime) -> dict[str, Any]:
    """The value of the state key `pins`: the cards on the picture, and where on its clock they belong."""
    pins = list(Pin.objects.open().filter(show=show))
    cards = {card["id"]: card for card in cards_of(show, [pin.item_id for pin in pins], now)}
    moment = max((pin.programme_at for pin in pins), default=now)
    return {
        "items": [cards[pin.item_id] for pin in pins if pin.item_id in cards],
        "programme_at": round(moment.timestamp() * 1000),
    }


def item_cards(show: Show, now: datetime) -> list[dict[str, Any]]:
    """The cards of the whole line-up, in its order, whatever its length in the same few queries."""
    return cards_of(show, None, now)


def cards_of(show: Show, item_ids: Iterable[int] | None, now: datetime) -> list[dict[str, Any]]:
    """The cards of some items of a show (None: of all), in the line-up's order."""
    items = LineupItem.objects.filter(show=show).order_by("position", "pk")
    if item_ids is not None:
        wanted = list(item_ids)
        if not wanted:
            return []
        items = items.filter(pk__in=wanted)
    rows = list(items)
    products = {p.pk: p for p in Product.objects.with_offer().filter(pk__in=[item.product_id for item in rows])}
    drops = newest_drops(show)
    return [item_card(item, products[item.product_id], drops.get(item.product_id), now) for item in rows]


def newest_drops(show: Show) -> dict[int, Drop]:
    """The last drop of each product of the show, by product id."""
    drops = Drop.objects.with_units().filter(show=show).order_by("announced_at", "pk")
    return {drop.product_id: drop for drop in drops}


def _lock(show: Show) -> None:
    Show.objects.select_for_update(no_key=True).get(pk=show.pk)


def _tell(show: Show, event: ItemPinned | ItemUnpinned, *, now: datetime) -> None:
    seqs = publish.to_show(show.pk, event, now=now, programme_at=show.programme_time(now))
    # The feed's number of the change orders the state: both are made under the same lock.
    publish.state(show.pk, "pins", seqs[-1], pins_state(show, now))
