"""Totals: what a bag costs. Rules guarded here: VAT is inside what is paid; one parcel price per brand and order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkout.models.code import BASIS_POINTS
from livecommerce.money import Money

if TYPE_CHECKING:
    from catalog.models import Brand
    from checkout.models import Code, Hold


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The sums of one order with one brand. `vat` is part of `total`, not on top of it."""

    goods: Money
    shipping: Money
    discount: Money
    vat: Money
    vat_rate_bp: int

    @property
    def total(self) -> Money:
        return self.goods + self.shipping - self.discount

    def wire(self) -> dict[str, object]:
        return {
            "goods": self.goods.wire(),
            "shipping": self.shipping.wire(),
            "discount": self.discount.wire(),
            "vat": self.vat.wire(),
            "vat_rate_bp": self.vat_rate_bp,
            "total": self.total.wire(),
        }


def totals_of(*, brand: "Brand", holds: Iterable["Hold"], code: "Code | None" = None) -> Totals:
    """Sum what is held at one brand; a hold keeps the price at which it was placed.

    A code takes its part off the goods; whether it counts for this bag is for `checkout.codes` to say.
    """
    currency = brand.currency
    goods = sum((Money(hold.unit_price_minor, hold.currency) * hold.quantity for hold in holds), Money(0, currency))
    shipping = Money(brand.shipping_price_minor if goods.minor else 0, currency)
    discount = Money(code.takes_off(goods.minor) if code else 0, currency)
    # Delivery follows the goods' rate, as the law has it for a bundle with one main supply.
    vat = vat_inside((goods + shipping - discount).minor, brand.vat_rate_bp)
    return Totals(
        goods=goods,
        shipping=shipping,
        discount=discount,
        vat=Money(vat, currency),
        vat_rate_bp=brand.vat_rate_bp,
    )


def shares_of(discount_minor: int, lines_minor: Sequence[int]) -> list[int]:
    """Split a discount over lines by their totals, in whole minor units that add up to it (largest remainder first).

    No line gets more than its own total, as the discount is at most their sum.
    """
    goods = sum(lines_minor)
    if not discount_minor:
        return [0] * len(lines_minor)
    shares = [discount_minor * line // goods for line in lines_minor]
    rest = discount_minor - sum(shares)
    by_remainder = sorted(
        range(len(lines_minor)), key=lambda place: (-(discount_minor * lines_minor[place] % goods), place)
    )
    for place in by_remainder[:rest]:
        shares[place] += 1
    return shares


def vat_inside(gross_minor: int, rate_bp: int) -> int:
    """Return the VAT in a gross amount, rounded half up in whole minor units: 4290 at 1900 is 685."""
    whole = BASIS_POINTS + rate_bp
    return (2 * gross_minor * rate_bp + whole) // (2 * whole)


def rate_text(rate_bp: int) -> str:
    """Return the rate as people write it: 1900 is "19", 550 is "5.5"."""
    return f"{rate_bp / 100:g}"
