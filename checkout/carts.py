"""Carts: what a buyer holds, one bag per seller. Rule guarded here: a cart has no rows of its own; it is the holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from catalog.fingerprints import milliseconds
from catalog.models import Brand, Product
from checkout.claims import BagCode, bag_code, claims_of
from checkout.holds import hold_card, holds_of
from checkout.models import Code, Hold, Order, Payment
from checkout.totals import Totals, totals_of


@dataclass(frozen=True, kw_only=True)
class SellerBag:
    """What is held at one brand: one parcel, one order."""

    brand: Brand
    holds: list[Hold]
    totals: Totals
    # An order that already has these holds: waiting for the bank, or open to another try.
    order: Order | None = None
    # The code that its buyer claimed; `totals` have it where it counts.
    code: BagCode | None = None
    # The bank is deciding: nothing in this bag can change now.
    at_bank: bool = False

    @property
    def ends_at(self) -> datetime:
        return min(hold.expires_at for hold in self.holds)

    @property
    def units(self) -> int:
        return sum(hold.quantity for hold in self.holds)

    @property
    def code_text(self) -> str:
        """The code that an order of this bag has, or nothing."""
        return self.code.code.text if self.code and not self.code.why_not else ""

    def wire(self, now: datetime) -> dict[str, object]:
        return {
            "brand": {
                "slug": self.brand.slug,
                "name": self.brand.name,
                "legal_name": self.brand.legal_name,
                "logo": self.brand.logo_url,
            },
            "holds": [{**hold_card(hold, now), "placed_at": milliseconds(hold.placed_at)} for hold in self.holds],
            "units": self.units,
            "totals": self.totals.wire(),
            "code": self.code.wire() if self.code else None,
            "order": self.order.code if self.order else None,
            "at_bank": self.at_bank,
        }


@dataclass(frozen=True, kw_only=True)
class Cart:
    """All bags of a buyer, the one that ends first on top."""

    bags: list[SellerBag]

    @property
    def units(self) -> int:
        return sum(bag.units for bag in self.bags)

    def bag_of(self, brand_slug: str) -> SellerBag | None:
        """Return the bag of this seller, else the one that ends first."""
        named = [bag for bag in self.bags if bag.brand.slug == brand_slug]
        return next(iter(named or self.bags), None)

    def wire(self, now: datetime) -> dict[str, object]:
        return {"units": self.units, "sellers": [bag.wire(now) for bag in self.bags]}


def cart_of(*, buyer_id: UUID | None, now: datetime) -> Cart:
    """Return what a buyer holds now, soonest end first."""
    if buyer_id is None:
        return Cart(bags=[])
    open_ones = (
        holds_of(buyer_id)
        .select_related("variant__product__brand", "drop", "show", "order_line__order")
        .prefetch_related("order_line__order__payments")
    )
    holds = [hold for hold in open_ones if not hold.is_overdue(now)]
    claimed = claims_of(buyer_id) if holds else {}
    by_brand = sorted(holds, key=lambda hold: hold.variant.product.brand_id)
    groups = groupby(by_brand, key=lambda hold: hold.variant.product.brand_id)
    bags = [_bag(list(group), claimed.get(brand_id), now) for brand_id, group in groups]
    return Cart(bags=sorted(bags, key=lambda bag: bag.ends_at))


def units_held(*, buyer_id: UUID | None, now: datetime) -> int:
    """Count for the badge on the bag."""
    if buyer_id is None:
        return 0
    open_ones = Hold.objects.of_buyer(buyer_id).open()
    return sum(hold.quantity for hold in open_ones if not hold.is_overdue(now))


def picture_of(product: Product) -> str:
    """Return the address of a product's first picture, or nothing."""
    pictures = sorted(product.images.all(), key=lambda picture: (picture.position, picture.pk))
    return pictures[0].url if pictures else ""


def _bag(holds: list[Hold], claimed: Code | None, now: datetime) -> SellerBag:
    holds = sorted(holds, key=lambda hold: (hold.expires_at, hold.pk))
    brand, order = holds[0].variant.product.brand, _order_of(holds)
    asking = {Payment.State.PROCESSING, Payment.State.REQUIRES_ACTION}
    at_bank = order is not None and any(payment.state in asking for payment in order.payments.all())
    code = None
    if order and at_bank:
        # Nothing can change now: the bag shows what the bank was asked for, whatever was claimed since.
        code = BagCode(code=order.code_use.code, is_reserved=True) if order.discount_minor else None
    elif claimed:
        code = bag_code(code=claimed, brand=brand, holds=holds, order=order, now=now)
    return SellerBag(
        brand=brand,
        holds=holds,
        totals=totals_of(brand=brand, holds=holds, code=code.applied if code else None),
        code=code,
        order=order,
        at_bank=at_bank,
    )


def _order_of(holds: Iterable[Hold]) -> Order | None:
    lines = [hold.order_line for hold in holds if hasattr(hold, "order_line")]
    return next((line.order for line in lines if line.order.is_pending), None)
