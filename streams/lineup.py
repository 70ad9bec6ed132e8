"""The line-up and its pins.

The rule guarded here: at most three items are on the picture, and what viewers see of them carries the place of the
host's tap on the picture's clock. The show's row is locked while pins change: two people in the Studio may tap at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max

from catalog.models import Product
from catalog.products import load_offers
from livecommerce.errors import NotFound, Refused
from livecommerce.realtime import publish
from livecommerce.realtime.protocol import ItemPinned, ItemUnpinned
from streams.cards import item_card
from streams.drops import drop_card
from streams.models import DropItem, LineupItem, Pin, Show
from streams.models.lineup import LineupItemQuerySet

if TYPE_CHECKING:
    from livecommerce.accounts.models import User

MOST_PINS = 3


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A show's line-up at one moment, as viewers see it."""

    # A card for each item, in the line-up's order.
    items: list[dict[str, Any]]
    # The value of the state key `pins`.
    pins: dict[str, Any]
    # When an item was first pinned, on the picture's clock, the earliest first.
    shown: dict[int, datetime]


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


def stage_of(show: Show, now: datetime) -> Stage:
    """The whole line-up and what of it is pinned, whatever its length in the same four queries."""
    rows = list(_rows(show).with_pins())
    cards = _cards(show, rows, now)
    shown = sorted((row.first_shown_at, row.pk) for row in rows if row.first_shown_at)
    return Stage(items=cards, pins=_pinned(rows, cards, now), shown={item_id: moment for moment, item_id in shown})


def pins_state(show: Show, now: datetime) -> dict[str, Any]:
    """The value of the state key `pins`: the cards on the picture, and where on its clock they belong."""
    rows = list(_rows(show).pinned())
    return _pinned(rows, _cards(show, rows, now), now)


def item_cards(show: Show, now: datetime) -> list[dict[str, Any]]:
    """The cards of the whole line-up, in its order."""
    return _cards(show, list(_rows(show)), now)


def _rows(show: Show) -> LineupItemQuerySet:
    return LineupItem.objects.filter(show=show).select_related("product__brand").order_by("position", "pk")


def _cards(show: Show, rows: Sequence[LineupItem], now: datetime) -> list[dict[str, Any]]:
    if not rows:
        return []
    products = {row.product_id: row.product for row in rows}
    load_offers(products.values())
    drops = _newest_drops(show, products, now)
    return [item_card(row, row.product, drops.get(row.product_id)) for row in rows]


def _newest_drops(show: Show, products: Mapping[int, Product], now: datetime) -> dict[int, dict[str, Any]]:
    """The card of the last drop of each product in the show, by product id; all of them in one query."""
    units = DropItem.objects.filter(drop__show=show, drop__product__in=list(products))
    newest: dict[int, list[DropItem]] = {}
    for item in units.select_related("drop", "variant", "stock").order_by("drop__announced_at", "drop", "pk"):
        known = newest.get(item.drop.product_id)
        if known and known[0].drop_id == item.drop_id:
            known.append(item)
        else:
            newest[item.drop.product_id] = [item]
    cards: dict[int, dict[str, Any]] = {}
    for product_id, items in newest.items():
        drop = items[0].drop
        drop.show, drop.product = show, products[product_id]
        cards[product_id] = drop_card(drop, now, items)
    return cards


def _pinned(rows: Sequence[LineupItem], cards: Sequence[dict[str, Any]], now: datetime) -> dict[str, Any]:
    pins = sorted(
        (row.pinned_at, row.pin_id, row.programme_at, card)
        for row, card in zip(rows, cards, strict=True)
        if row.pin_id and row.pinned_at and row.programme_at
    )
    moment = max((programme_at for _, _, programme_at, _ in pins), default=now)
    return {"items": [card for *_, card in pins], "programme_at": round(moment.timestamp() * 1000)}


def _lock(show: Show) -> None:
    Show.objects.select_for_update(no_key=True).get(pk=show.pk)


def _tell(show: Show, event: ItemPinned | ItemUnpinned, *, now: datetime) -> None:
    seqs = publish.to_show(show.pk, event, now=now, programme_at=show.programme_time(now))
    # The feed's number of the change orders the state: both are made under the same lock.
    publish.state(show.pk, "pins", seqs[-1], pins_state(show, now))
