"""Cards: shows as the home, host, brand and product pages print them.

Rule guarded here: every count comes from the rows of the checkout. A page asks for all cards of one kind at once;
the number of queries does not grow with the number of shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from django.db.models import Case, Count, Min, OuterRef, Prefetch, Q, Subquery, Sum, When

from catalog.models import Product
from checkout.models import Hold
from livecommerce.money import Money
from livecommerce.realtime.attendance import STALE
from livecommerce.realtime.models import Attendance
from livecommerce.watch.pictures import Picture, PictureBook
from streams.models import Drop, DropItem, LineupItem, Pin, Show
from streams.models.drops import DropQuerySet, DropState
from streams.models.show import ON_AIR, UPCOMING, ShowQuerySet

if TYPE_CHECKING:

    class CountedShow(Show):
        watching: int | None
        first_product: int | None
        chapters: int

    class CountedItem(DropItem):
        last_end: datetime | None

    class CountedDrop(Drop):
        counted: list[CountedItem]

    class PricedPin(Pin):
        from_minor: int | None


@dataclass(frozen=True, kw_only=True)
class Sale:
    """A drop that can be bought from now, in numbers: sold + held + left are all its units."""

    name: str
    picture: Picture
    price: Money
    earlier: Money | None
    ends_in: timedelta
    sold: int
    held: int
    left: int
    back_in: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """What the picture shows now, at the price of the cheapest variant."""

    name: str
    picture: Picture
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
    picture: Picture | None


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


def live_cards(shows: ShowQuerySet, *, book: PictureBook, now: datetime) -> list[LiveCard]:
    """Return the shows on air, those with a running sale first, then the newest."""
    told = Attendance.objects.filter(room=OuterRef("pk"), at__gt=now - STALE).values("room")
    watching = Subquery(told.annotate(sum=Sum("viewers")).values("sum"))
    counted = shows.on_air().with_people().annotate(watching=watching).order_by("-live_started_at")
    on_air = cast("list[CountedShow]", list(counted))
    ids = [show.pk for show in on_air]
    sales = _sales(ids, book=book, now=now) if ids else {}
    pins = _pins(ids, book=book) if ids else {}
    cards = [
        LiveCard(show=show, sale=sales.get(show.pk), pin=pins.get(show.pk), viewers=show.watching or 0)
        for show in on_air
    ]
    return sorted(cards, key=lambda card: card.sale is None)


def upcoming_rows(shows: ShowQuerySet, *, book: PictureBook, limit: int) -> list[UpcomingRow]:
    """Return the next shows, the soonest first."""
    first = LineupItem.objects.filter(show=OuterRef("pk")).order_by("position", "pk").values("product")[:1]
    counted = shows.upcoming().with_people().annotate(first_product=Subquery(first))[:limit]
    listed = cast("list[CountedShow]", list(counted))
    return [
        UpcomingRow(show=show, picture=book.of(show.first_product) if show.first_product else None) for show in listed
    ]


def replay_cards(shows: ShowQuerySet, *, limit: int, offset: int = 0) -> list[ReplayCard]:
    """Return shows that are over, the newest first, with one chapter per product that was pinned."""
    counted = shows.past().with_people().annotate(chapters=Count("pins__item", distinct=True))
    listed = cast("list[CountedShow]", list(counted[offset : offset + limit]))
    return [ReplayCard(show=show, chapters=show.chapters) for show in listed]


def next_show(shows: ShowQuerySet) -> Show | None:
    """Return the show on air, else the soonest to come."""
    first = Case(When(state__in=ON_AIR, then=0), default=1)
    return shows.filter(state__in=(*ON_AIR, *UPCOMING)).with_people().order_by(first, "starts_at").first()


def sale_of_product(product: Product, *, book: PictureBook, now: datetime) -> tuple[Drop, Sale] | None:
    """Return the drop in which this product can be bought right now."""
    running = _running().filter(product=product, show__state__in=ON_AIR).select_related("show")
    return next(_open_sales(running, book=book, now=now), None)


def _sales(show_ids: Sequence[int], *, book: PictureBook, now: datetime) -> dict[int, Sale]:
    running = _running().filter(show__in=show_ids)
    return {drop.show_id: sale for drop, sale in _open_sales(running, book=book, now=now)}


def _running() -> DropQuerySet:
    ends = Hold.objects.open().filter(stock=OuterRef("stock")).order_by("-expires_at").values("expires_at")[:1]
    items = DropItem.objects.select_related("stock__sales").annotate(last_end=Subquery(ends))
    return (
        Drop.objects.running()
        .filter(show__sales_paused_at=None)
        .select_related("product")
        .prefetch_related(Prefetch("items", items, to_attr="counted"))
        .order_by("-closes_at")
    )


def _open_sales(drops: Iterable[Drop], *, book: PictureBook, now: datetime) -> Iterator[tuple[Drop, Sale]]:
    for drop in cast("Iterable[CountedDrop]", drops):
        if drop.state_at(now) == DropState.OPEN:
            sale = _sale(drop, drop.counted, book=book, now=now)
            if sale.left:
                yield drop, sale


def _sale(drop: Drop, items: Sequence[CountedItem], *, book: PictureBook, now: datetime) -> Sale:
    taken = sum(item.stock.taken for item in items)
    sold = sum(item.stock.sales.sold for item in items if hasattr(item.stock, "sales"))
    ends = [item.last_end for item in items if item.last_end]
    return Sale(
        name=drop.product.name,
        picture=book.of(drop.product_id),
        price=drop.price,
        earlier=Money(drop.earlier_price_minor, drop.currency) if drop.earlier_price_minor else None,
        ends_in=drop.closes_at - now,
        sold=sold,
        held=taken - sold,
        left=sum(item.stock.left for item in items),
        back_in=max(ends) - now if ends else None,
    )


def _pins(show_ids: Sequence[int], *, book: PictureBook) -> dict[int, Pinned]:
    on_sale = Q(item__product__variants__is_active=True)
    pins = (
        Pin.objects.open()
        .filter(show__in=show_ids)
        .select_related("item__product__brand")
        .annotate(from_minor=Min("item__product__variants__price_minor", filter=on_sale))
    )
    priced = cast("Iterable[PricedPin]", pins)
    return {pin.show_id: _pinned(pin.item.product, pin.from_minor, book=book) for pin in priced}


def _pinned(product: Product, from_minor: int | None, *, book: PictureBook) -> Pinned:
    price = Money(from_minor, product.brand.currency) if from_minor else None
    return Pinned(name=product.name, picture=book.of(product.pk), price=price)
