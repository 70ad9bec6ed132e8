"""Cards: shows as the home, host, brand and product pages print them. Rule guarded here: every count comes from the rows of the checkout.

A page asks for all cards of one kind at once; the number of queries does not grow with the number of shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Prefetch, Sum

from catalog.models import Product, ProductImage, Variant
from checkout.models import Hold
from livecommerce.money import Money
from livecommerce.realtime.attendance import STALE
from livecommerce.realtime.models import Attendance
from streams.models import Drop, DropItem, LineupItem, Pin, Show
from streams.models.drops import DropQuerySet, DropState
from streams.models.show import ON_AIR, ShowQuerySet


@dataclass(frozen=True, kw_only=True)
class Sale:
    """A drop that can be bought from now, in numbers: sold + held + left are all its units."""

    name: str
    image: str
    price: Money
    earlier: Money | None
    closes_at: datetime
    ends_in: timedelta
    sold: int
    held: int
    left: int
    back_in: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """What the picture shows now, at the price of the cheapest variant."""

    name: str
    image: str
    price: Money | None


@dataclass(frozen=True, kw_only=True)
class LiveCard:
    """A show on air; with the sale that runs in it, else with what is pinned."""

    show: Show
    sale: Sale | None
    pin: Pinned | None
    viewers: int


@dataclass(frozen=True, kw_only=True)
class UpcomingRow:
    """A show to come, with the picture of the first product of its line-up."""

    show: Show
    image: str


@dataclass(frozen=True, kw_only=True)
class ReplayCard:
    """A show that is over and can be watched again."""

    show: Show
    chapters: int

    @property
    def seconds(self) -> float:
        """How long it was on air."""
        began, ended = self.show.live_started_at, self.show.ended_at
        return (ended - began).total_seconds() if began and ended else 0


def live_cards(shows: ShowQuerySet, *, now: datetime) -> list[LiveCard]:
    """Return the shows on air, those with a running sale first, then the newest."""
    on_air = list(shows.on_air().with_people().order_by("-live_started_at"))
    ids = [show.pk for show in on_air]
    sales = _sales(ids, now=now) if ids else {}
    pins = _pins(ids) if ids else {}
    counts = _viewers(ids, now=now) if ids else {}
    cards = [
        LiveCard(show=show, sale=sales.get(show.pk), pin=pins.get(show.pk), viewers=counts.get(show.pk, 0))
        for show in on_air
    ]
    return sorted(cards, key=lambda card: card.sale is None)


def upcoming_rows(shows: ShowQuerySet, *, limit: int) -> list[UpcomingRow]:
    """Return the next shows, the soonest first."""
    first_items = LineupItem.objects.order_by("position").select_related("product").prefetch_related(_images())
    listed = shows.upcoming().with_people().prefetch_related(Prefetch("lineup", first_items, to_attr="items"))
    return [UpcomingRow(show=show, image=_first_image(show)) for show in listed[:limit]]


def replay_cards(shows: ShowQuerySet, *, limit: int, offset: int = 0) -> list[ReplayCard]:
    """Return shows that are over, the newest first, with one chapter per product that was pinned."""
    listed = shows.past().with_people().annotate(chapters=Count("pins__item", distinct=True))
    return [ReplayCard(show=show, chapters=show.chapters) for show in listed[offset : offset + limit]]


def sale_of_product(product: Product, *, now: datetime) -> tuple[Drop, Sale] | None:
    """Return the drop in which this product can be bought right now."""
    running = _running().filter(product=product, show__state__in=ON_AIR).select_related("show")
    return next((found for found in _open_sales(running, now=now) if found[1].left), None)


def _sales(show_ids: Sequence[int], *, now: datetime) -> dict[int, Sale]:
    sales = _open_sales(_running().filter(show__in=show_ids), now=now)
    return {drop.show_id: sale for drop, sale in sales if sale.left}


def _running() -> DropQuerySet:
    items = DropItem.objects.select_related("stock__sales")
    return (
        Drop.objects.running()
        .filter(show__sales_paused_at=None)
        .select_related("product")
        .prefetch_related(Prefetch("items", items), _images())
        .order_by("-closes_at")
    )


def _open_sales(drops: Iterable[Drop], *, now: datetime) -> list[tuple[Drop, Sale]]:
    open_drops = [drop for drop in drops if drop.state_at(now) == DropState.OPEN]
    stock_ids = [item.stock_id for drop in open_drops for item in drop.items.all()]
    ends = (
        Hold.objects.open().filter(stock__in=stock_ids).values_list("stock").annotate(Max("expires_at"))
        if stock_ids
        else ()
    )
    last_end = dict(ends)
    return [(drop, _sale(drop, last_end, now=now)) for drop in open_drops]


def _sale(drop: Drop, last_end: dict[int, datetime], *, now: datetime) -> Sale:
    items = drop.items.all()
    left = sum(item.stock.left for item in items)
    taken = sum(item.stock.taken for item in items)
    sold = sum(item.stock.sales.sold for item in items if hasattr(item.stock, "sales"))
    ends = [last_end[item.stock_id] for item in items if item.stock_id in last_end]
    earlier = Money(drop.earlier_price_minor, drop.currency) if drop.earlier_price_minor else None
    return Sale(
        name=drop.product.name,
        image=_image_of(drop.product.gallery),
        price=drop.price,
        earlier=earlier,
        closes_at=drop.closes_at,
        ends_in=drop.closes_at - now,
        sold=sold,
        held=taken - sold,
        left=left,
        back_in=max(ends) - now if ends else None,
    )


def _pins(show_ids: Sequence[int]) -> dict[int, Pinned]:
    pins = (
        Pin.objects.open()
        .filter(show__in=show_ids)
        .select_related("item__product")
        .prefetch_related(
            _images("item__product__images"),
            Prefetch("item__product__variants", Variant.objects.on_sale(), to_attr="on_sale"),
        )
    )
    return {pin.show_id: _pinned(pin.item.product) for pin in pins}


def _pinned(product: Product) -> Pinned:
    prices = [variant.price for variant in product.on_sale]
    return Pinned(name=product.name, image=_image_of(product.gallery), price=min(prices, default=None))


def _viewers(show_ids: Sequence[int], *, now: datetime) -> dict[int, int]:
    told = Attendance.objects.filter(room__in=show_ids, at__gt=now - STALE)
    return dict(told.values_list("room").annotate(Sum("viewers")))


def _images(path: str = "product__images") -> Prefetch[str, ProductImage]:
    return Prefetch(path, ProductImage.objects.order_by("position", "pk"), to_attr="gallery")


def _first_image(show: Show) -> str:
    return next((image for item in show.items if (image := _image_of(item.product.gallery))), "")


def _image_of(gallery: Sequence[ProductImage]) -> str:
    return gallery[0].url if gallery else ""
