"""Offers: products as the shop prints them outside a show.

Rule guarded here: the lamp is on only for what can be bought now. An offer is one chosen variant among its neighbours;
choosing another is a link to `?variant=…`, so it works without scripts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, cast

from django.db.models import Exists, F, Max, Min, OuterRef, Q, Sum

from catalog.models import Product, Stock, Variant
from catalog.models.product import ProductQuerySet
from catalog.prices import lowest_price_30_days
from checkout.models import Hold
from livecommerce.money import Money
from livecommerce.watch.pictures import Picture, PictureBook

if TYPE_CHECKING:

    class PricedProduct(Product):
        from_minor: int
        to_minor: int
        in_stock: bool


# More than this many is simply "in stock": the figure helps nobody.
FEW = 50
MOST_AT_ONCE = 5


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One value of an option, as a link to the variant that has it and is otherwise nearest."""

    text: str
    variant: Variant
    chosen: bool
    # What is wrong with the combination of this value and the other chosen ones, in words; empty when it can be had.
    gone: str
    # Named where it differs from the chosen variant's.
    price: Money | None


@dataclass(frozen=True, kw_only=True)
class OptionRow:
    name: str
    chips: list[Chip]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A product with one of its variants chosen; from `Product.objects.with_offer()`."""

    product: Product
    variant: Variant
    held: int
    back_in: timedelta | None
    lowest: Money | None

    @property
    def left(self) -> int:
        return left_of(self.variant)

    @property
    def few(self) -> bool:
        return self.left <= FEW

    @property
    def quantities(self) -> range:
        """How many one tap may hold."""
        return range(1, min(self.left, MOST_AT_ONCE) + 1)

    @property
    def vat_percent(self) -> str:
        return f"{self.product.brand.vat_rate_bp / 100:g}"

    @property
    def shipping(self) -> Money:
        return Money(self.product.brand.shipping_price_minor, self.product.brand.currency)

    @property
    def lower_before(self) -> Money | None:
        """The lowest price of the last 30 days, where it was under today's: then it is said, and nothing is struck."""
        return self.lowest if self.lowest and self.lowest.minor < self.variant.price_minor else None

    @cached_property
    def rows(self) -> list[OptionRow]:
        names = self.product.option_names
        return [OptionRow(name=name, chips=self._chips(axis)) for axis, name in enumerate(names)]

    @property
    def note(self) -> str:
        """What is gone, and what is there instead."""
        if self.left:
            missed = (chip for row in self.rows for chip in row.chips if chip.gone and left_of(chip.variant))
            return next((f"{chip.gone}. {chip.variant.option_text} is in stock." for chip in missed), "")
        there = [variant for variant in self.product.offer if left_of(variant)]
        if not there:
            return ""
        nearest = max(there, key=lambda variant: _shared(variant, self.variant))
        return f"{self.variant.option_text} is sold out. {nearest.option_text} is in stock."

    def _chips(self, axis: int) -> list[Chip]:
        values = list(dict.fromkeys(variant.option_values[axis] for variant in self.product.offer))
        return [self._chip(axis, value) for value in values]

    def _chip(self, axis: int, value: str) -> Chip:
        wished = [*self.variant.option_values]
        wished[axis] = value
        having = [variant for variant in self.product.offer if variant.option_values[axis] == value]
        nearest = max(having, key=lambda variant: _shared_values(variant.option_values, wished))
        price = nearest.price if nearest.price != self.variant.price else None
        return Chip(
            text=value,
            variant=nearest,
            chosen=value == self.variant.option_values[axis],
            gone=_gone(nearest, wished),
            price=price,
        )


@dataclass(frozen=True, kw_only=True)
class ProductCard:
    """A product in a list: its picture and what the cheapest variant costs."""

    product: Product
    picture: Picture
    price: Money
    several_prices: bool
    sold_out: bool


def offer_of(product: Product, *, variant_id: int | None, now: datetime) -> Offer | None:
    """Return the offer with this variant chosen, else the first in stock; None when nothing is sold any more."""
    if not product.offer:
        return None
    asked = [variant for variant in product.offer if variant.pk == variant_id]
    in_stock = [variant for variant in product.offer if left_of(variant)]
    chosen = (asked or in_stock or product.offer)[0]
    stock_ids = [stock.pk for stock in chosen.shop_stocks]
    carts = Hold.objects.open().filter(stock__in=stock_ids).aggregate(held=Sum("quantity"), until=Max("expires_at"))
    return Offer(
        product=product,
        variant=chosen,
        held=carts["held"] or 0,
        back_in=carts["until"] - now if carts["until"] else None,
        lowest=lowest_price_30_days(chosen, now),
    )


def product_cards(products: ProductQuerySet, *, book: PictureBook, limit: int) -> list[ProductCard]:
    """Return listed products that have something to sell, by name."""
    on_sale = Q(variants__is_active=True)
    left = Stock.objects.shop().filter(variant__product=OuterRef("pk"), variant__is_active=True, taken__lt=F("on_hand"))
    found = (
        products.select_related("brand")
        .annotate(from_minor=Min("variants__price_minor", filter=on_sale))
        .annotate(to_minor=Max("variants__price_minor", filter=on_sale), in_stock=Exists(left))
        .filter(from_minor__isnull=False)
        .order_by("name")
    )
    return [
        ProductCard(
            product=product,
            picture=book.of(product.pk),
            price=Money(product.from_minor, product.brand.currency),
            several_prices=product.from_minor != product.to_minor,
            sold_out=not product.in_stock,
        )
        for product in cast("Iterable[PricedProduct]", found[:limit])
    ]


def left_of(variant: Variant) -> int:
    """Units of a variant that are in the shop and in nobody's cart."""
    return sum(stock.left for stock in variant.shop_stocks)


def _gone(nearest: Variant, wished: Sequence[str]) -> str:
    if nearest.option_values != wished:
        return f"There is no {', '.join(wished)}"
    return "" if left_of(nearest) else f"{nearest.option_text} is sold out"


def _shared(one: Variant, other: Variant) -> int:
    return _shared_values(one.option_values, other.option_values)


def _shared_values(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(a == b for a, b in zip(one, other, strict=False))
