"""Rows of two brands: the insider's, and those that must stay out of her sight."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.db.models import Model
from django.test import Client

from catalog.models import Brand, Product, Stock, Variant
from chat.models import Message, Mute
from checkout.codes import write_code
from checkout.holds import place_hold
from checkout.models import Code, Hold, Order
from checkout.orders import place_order
from livecommerce.accounts.models import User
from livecommerce.accounts.visitors import mint_visitor
from livecommerce.money import Money
from streams.drops import announce_drop
from streams.hosts import introduce_host
from streams.lineup import add_to_lineup
from streams.models import Drop, Host, Show
from streams.shows import go_live, schedule_show
from tests.conftest import make_product


@dataclass
class Belongings:
    """All kinds of rows that one brand has, by model."""

    rows: dict[type[Model], Model]

    @property
    def words(self) -> list[str]:
        """What would give them away on a page."""
        return [
            "Secret brand",
            "Secret product",
            "SECRET-",
            "Secret show",
            "Secret host",
            "Secret words",
            "secret@buyer.test",
        ]


@pytest.fixture
def insider(brand_staff: User) -> Client:
    """The browser of Kim, who works for Kiln & Kettle."""
    client = Client()
    client.force_login(brand_staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def operator_client(operator: User) -> Client:
    client = Client()
    client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def foreign(db: None, make_user, now: datetime) -> Belongings:
    """Everything that another brand has: a product, a show with a drop, a host, a hold, an order, a code, messages."""
    brand = Brand.objects.create(name="Secret brand", slug="secret-brand", country="NL", legal_name="Secret brand B.V.")
    product = make_product(brand, "Secret product", "SECRET", ["Sage"], now)
    variant = product.variants.get()
    host = introduce_host(user=make_user("Secret Person"), handle="secret", name="Secret host", brand=brand)
    show, drop = secret_show(brand, host, variant, now)
    return Belongings(
        {
            **{Brand: brand, Product: product, Variant: variant, Stock: variant.stocks.first()},
            **{Host: host, Show: show, Drop: drop, User: host.user},
            **secret_sale(drop, now),
            Code: write_code(code=Code(brand=brand, text="SECRET-4", amount_minor=400, uses=9, starts_at=now)),
            **secret_talk(show, now),
        }
    )


def secret_show(brand: Brand, host: Host, variant: Variant, now: datetime) -> tuple[Show, Drop]:
    """A show that is live with a drop on sale."""
    show = schedule_show(
        brand=brand, host=host, title="Secret show", slug="secret-show", starts_at=now, actor=host.user, now=now
    )
    add_to_lineup(show=show, product=variant.product)
    show = go_live(show=show, actor=host.user, now=now, picture_needed=False)
    drop = announce_drop(
        show=show,
        items=[(variant, 5)],
        price=Money(2100, "EUR"),
        per_buyer=2,
        opens_in=0,
        window=600,
        actor=host.user,
        now=now - timedelta(seconds=60),
    )
    return show, drop


def secret_sale(drop: Drop, now: datetime) -> dict[type[Model], Model]:
    """A held unit in an order that waits for its payment."""
    buyer, _ = mint_visitor(now=now)
    place_hold(
        buyer_id=buyer.pk, drop_id=drop.pk, variant_id=None, quantity=1, key="secret", show_id=drop.show_id, now=now
    )
    hold = Hold.objects.get(buyer_id=buyer.pk)
    order = place_order(
        buyer_id=buyer.pk,
        hold_ids=[hold.pk],
        email="secret@buyer.test",
        address={"name": "Secret words", "street": "Lane 1", "postcode": "1000", "town": "Graz", "country": "AT"},
        key="secret",
        now=now,
    )
    return {Hold: hold, Order: order}


def secret_talk(show: Show, now: datetime) -> dict[type[Model], Model]:
    """Something said, and somebody muted for it."""
    author, _ = mint_visitor(now=now)
    said = {"author_name": "Secret words", "role": "viewer", "text": "Secret words", "key": "k", "at": now}
    until = now + timedelta(hours=1)
    return {
        Message: Message.objects.create(show=show, seq=1, author=author, **said),
        Mute: Mute.objects.create(show=show, visitor=author, until=until, by=None, reason="Secret words", at=now),
    }
