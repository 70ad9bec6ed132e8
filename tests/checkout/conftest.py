"""Fixtures of money and promises: what Ana holds, where it goes, what she pays with."""

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from catalog.models import Brand, Variant
from checkout.codes import write_code
from checkout.gateways.base import Card, Reading
from checkout.gateways.practice import SUCCEEDS
from checkout.holds import place_hold
from checkout.models import Code, Hold, Order, Payment
from checkout.orders import place_order
from checkout.payments import pay_order
from livecommerce.accounts.models import Visitor
from livecommerce.money import Money
from streams.drops import announce_drop
from streams.models import Drop, Host, Show
from tests.conftest import make_product
from tests.servers.profile import profile_name

ADDRESS = {"name": "Ana Lopes", "street": "Lange Reihe 14", "postcode": "20099", "town": "Hamburg", "country": "DE"}
EMAIL = "ana.lopes@example.test"

HoldUnits = Callable[..., Hold]
OrderUnits = Callable[..., Order]


def card(number: str = SUCCEEDS) -> Card:
    return Card(number=number, expiry="08/31", cvc="123")


@pytest.fixture
def brand(brand: Brand) -> Brand:
    """Kiln & Kettle sends a parcel for EUR 4.90; its prices have 19 % VAT inside."""
    brand.shipping_price_minor, brand.vat_rate_bp = 490, 1900
    brand.save()
    return brand


@pytest.fixture
def rival_variant(rival_brand: Brand, now: datetime) -> Variant:
    product = make_product(rival_brand, "Linen shirt", "SHIRT", ["White"], now)
    return product.variants.get()


@pytest.fixture
def hold_units(now: datetime) -> HoldUnits:
    """`hold_units(ana, drop=drop)`: two of it, held for her."""

    def hold(buyer: Visitor, *, drop: Drop | None = None, variant: Variant | None = None, quantity: int = 2) -> Hold:
        answer = place_hold(
            buyer_id=buyer.pk,
            drop_id=drop.pk if drop else None,
            variant_id=variant.pk if variant else None,
            quantity=quantity,
            key=uuid4().hex,
            now=now,
        )
        return Hold.objects.get(pk=answer.hold_id)

    return hold


@pytest.fixture
def order_units(now: datetime) -> OrderUnits:
    """`order_units(ana, hold)`: a pending order of it; `household=3` is another mailbox at another door."""

    def order(buyer: Visitor, *holds: Hold, key: str = "", household: int = 0, **terms: Any) -> Order:
        return place_order(
            buyer_id=buyer.pk,
            hold_ids=[hold.pk for hold in holds],
            email=f"{household}.{EMAIL}" if household else EMAIL,
            address=ADDRESS | ({"street": f"Lane {household}"} if household else {}),
            key=key or uuid4().hex,
            **{"now": now} | terms,
        )

    return order


@pytest.fixture
def held(viewer: Visitor, drop_on_sale: Drop, hold_units: HoldUnits) -> Hold:
    """Two of Ana's ten cups of the drop, EUR 42.00."""
    return hold_units(viewer, drop=drop_on_sale)


@pytest.fixture
def pending_order(viewer: Visitor, held: Hold, order_units: OrderUnits) -> Order:
    return order_units(viewer, held)


@pytest.fixture
def table4(brand: Brand, now: datetime) -> Code:
    """TABLE4 of Kiln & Kettle: EUR 4.00 off, for a hundred orders, since yesterday."""
    return code_of(brand, now)


def code_of(brand: Brand, now: datetime, **terms: Any) -> Code:
    usual = {"text": "TABLE4", "amount_minor": 400, "uses": 100, "starts_at": now - timedelta(days=1)}
    return write_code(code=Code(brand=brand, **usual | terms))


@pytest.fixture
def crowd(db: None) -> Callable[[int], list[str]]:
    """`crowd(50)`: the ids of so many guests."""

    def make(count: int) -> list[str]:
        return [str(visitor.pk) for visitor in Visitor.objects.bulk_create(Visitor() for _ in range(count))]

    return make


@pytest.fixture
def drop_of(live_show: Show, variant: Variant, host: Host, now: datetime) -> Callable[..., Drop]:
    """`drop_of(37)`: a drop of so many sage cups that is open, two a person; terms may differ."""

    def start(units: int, **terms: Any) -> Drop:
        usual = {"show": live_show, "price": Money(2100, "EUR"), "per_buyer": 2, "opens_in": 0, "window": 600}
        asked = now - timedelta(seconds=30)
        return announce_drop(**usual | {"items": [(variant, units)], "actor": host.user, "now": asked} | terms)

    return start


def pay(order: Order, now: datetime, number: str = "") -> Payment:
    return pay_order(order_id=order.pk, card=card(number) if number else card(), now=now)


def bank_says(payment: Payment, state: str, **fields: object) -> Reading:
    reading = Reading(ref=payment.provider_ref, state="new", amount=payment.amount)
    return dataclasses.replace(reading, state=state, **fields)


# These bring a PostgreSQL of their own, or show what only its row locks keep: one of the two runs is enough.
collect_ignore = (
    []
    if profile_name() == "postgres"
    else ["test_crashes.py", "test_socket_crashes.py", "test_postgres_races.py", "test_postgres_code_races.py"]
)
