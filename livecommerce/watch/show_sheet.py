"""The product sheet over the picture: gallery, price, stock, options, one button.

The rule guarded here: the sheet offers a drop's units while the drop runs and the shop's otherwise, never one unit at
two prices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from catalog.models import Product, ProductImage, Variant
from catalog.prices import lowest_price_30_days
from livecommerce.money import Money
from livecommerce.watch.card_view import Facts, Wire, card_view, drop_phase
from livecommerce.watch.show_cards import Card, Scene

# What the button says in the states of a card in which nothing is simply bought.
BUTTONS = {
    "announced": "Opens in a moment",
    "paused": "Paused",
    "draw": "Enter the draw",
    "in_draw": "You are in the draw",
    "drawing": "Being drawn",
}


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One value of an option: a link to the variant that has it and is otherwise nearest."""

    text: str
    variant_id: int
    chosen: bool
    gone: bool
    in_drop: bool


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A product of the line-up with one of its variants chosen."""

    item: Wire
    product: Product
    variant: Variant
    facts: Facts
    lowest: Money | None
    # Units that can be had of each variant, in the drop or in the shop.
    left: dict[int, int]
    in_drop: frozenset[int]

    @cached_property
    def card(self) -> Card:
        """The card's words, with the facts of the chosen variant."""
        return Card(view=card_view(self.facts), now=self.facts.now)

    @property
    def drop_id(self) -> int | str:
        """The drop that the chosen variant is bought from, if any."""
        return (self.facts.drop or {}).get("id", "") if self.variant.pk in self.in_drop else ""

    @property
    def price(self) -> Money:
        price = (self.facts.drop or {})["price"] if self.drop_id else self.variant.price.wire()
        return Money(price["amount"], price["currency"])

    @property
    def units_left(self) -> int:
        return self.left.get(self.variant.pk, 0)

    @property
    def can_buy(self) -> bool:
        """Whether the button may be lit for the chosen variant."""
        if self.drop_id:
            return self.card.view["state"] in {"open", "draw"} and self.units_left > 0
        return self.units_left > 0

    @property
    def button(self) -> str:
        """What the button says."""
        state = self.card.view["state"] if self.drop_id else ""
        return BUTTONS.get(state, "Buy" if self.can_buy else "Sold out")

    @property
    def pictures(self) -> Sequence[ProductImage]:
        return self.product.gallery

    @property
    def vat_percent(self) -> str:
        return f"{self.product.brand.vat_rate_bp / 100:g}"

    @property
    def shipping(self) -> Money:
        return Money(self.product.brand.shipping_price_minor, self.product.brand.currency)

    @property
    def hold_minutes(self) -> str:
        seconds = (self.facts.drop or {}).get("hold_seconds", 300) if self.drop_id else 300
        return f"{seconds // 60}:{seconds % 60:02}"

    @property
    def rows(self) -> list[tuple[str, list[Chip]]]:
        """One row of chips per dimension."""
        return [(name, self._chips(axis)) for axis, name in enumerate(self.product.option_names)]

    @property
    def note(self) -> str:
        """What is gone, and what is there instead."""
        if self.units_left:
            return ""
        there = [one for one in self.product.offer if self.left.get(one.pk)]
        if not there:
            return ""
        nearest = max(there, key=lambda one: _shared(one.option_values, self.variant.option_values))
        return f"{self.variant.option_text}: sold out. {nearest.option_text}: {self.left[nearest.pk]} left."

    def _chips(self, axis: int) -> list[Chip]:
        values = list(dict.fromkeys(variant.option_values[axis] for variant in self.product.offer))
        return [self._chip(axis, value) for value in values]

    def _chip(self, axis: int, value: str) -> Chip:
        wished = [*self.variant.option_values]
        wished[axis] = value
        having = [one for one in self.product.offer if one.option_values[axis] == value]
        nearest = max(having, key=lambda one: _shared(one.option_values, wished))
        return Chip(
            text=value,
            variant_id=nearest.pk,
            chosen=value == self.variant.option_values[axis],
            gone=nearest.option_values != wished or not self.left.get(nearest.pk),
            in_drop=nearest.pk in self.in_drop and len(self.in_drop) < len(self.product.offer),
        )


def sheet_of(scene: Scene, item_text: str, variant_text: str, now: datetime) -> Sheet | None:
    """Return the sheet that an address asks for: `?sheet=<item>&variant=<variant>`; None if there is none."""
    item = next((one for one in scene.items if str(one["id"]) == item_text), None)
    if item is None:
        return None
    product = Product.objects.with_offer().filter(pk=item["product"]["id"]).first()
    if product is None or not product.offer:
        return None
    facts = scene.facts(item, scene.drop_of(item))
    runs = facts.drop is not None and drop_phase(facts) != "ended"
    units = _units_in_drop(facts) if runs else {}
    left = {one.pk: sum(stock.left for stock in one.shop_stocks) for one in product.offer} | units
    variant = _chosen(product, variant_text, left, units)
    return Sheet(
        item=item,
        product=product,
        variant=variant,
        facts=facts,
        lowest=lowest_price_30_days(variant, now),
        left=left,
        in_drop=frozenset(units),
    )


def _units_in_drop(facts: Facts) -> dict[int, int]:
    known = facts.stock.get("variants", {})
    return {one["variant"]: known.get(str(one["variant"]), one["units"]) for one in (facts.drop or {})["items"]}


def _chosen(product: Product, asked: str, left: dict[int, int], in_drop: dict[int, int]) -> Variant:
    """The variant that is asked for, else the first of the drop that is left, else the first that is left."""

    def wish(one: Variant) -> tuple[bool, ...]:
        return str(one.pk) != asked, not (one.pk in in_drop and left[one.pk]), not left[one.pk]

    return min(product.offer, key=wish)


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(a == b for a, b in zip(one, other, strict=False))
