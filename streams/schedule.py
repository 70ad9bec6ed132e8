"""The schedule: a show with its host and line-up, planned in one go. Rule guarded here: nothing is half-planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from catalog.models import Brand, Product
from livecommerce.accounts.models import User
from livecommerce.errors import BadInput
from livecommerce.money import Money
from streams.hosts import host_by_handle
from streams.lineup import add_to_lineup
from streams.models import DropOrder, Show
from streams.shows import schedule_show


@dataclass(frozen=True, kw_only=True)
class PlannedItem:
    """A product's place in the rundown; a drop's price and units when it is to be one."""

    product: str
    minutes: int = 5
    cue: str = ""
    drop_price: Money | None = None
    drop_units: int | None = None
    drop_per_buyer: int = 2
    drop_draw_seconds: int = DropOrder.FIRST_COME
    drop_guest_check: bool = False


@dataclass(frozen=True, kw_only=True)
class ShowPlan:
    """A show before it is scheduled."""

    title: str
    slug: str
    host: str
    starts_at: datetime
    minutes: int = 60
    description: str = ""
    items: Sequence[PlannedItem] = ()


@transaction.atomic
def plan_show(*, brand: Brand, plan: ShowPlan, actor: User, now: datetime) -> Show:
    """Schedule a show of one brand with its line-up, in order.

    :raises HostNotFound: no such host.
    :raises BadInput: in the past, the address is taken, a product of another brand, a drop price in another currency.
    """
    products = {one.slug: one for one in Product.objects.filter(brand=brand, slug__in=[i.product for i in plan.items])}
    _check(brand, plan, products, now)
    show = schedule_show(
        brand=brand,
        host=host_by_handle(plan.host),
        title=plan.title,
        slug=plan.slug,
        starts_at=plan.starts_at,
        actor=actor,
        now=now,
        description=plan.description,
        planned_minutes=plan.minutes,
    )
    for item in plan.items:
        add_to_lineup(
            show=show,
            product=products[item.product],
            planned_minutes=item.minutes,
            cue=item.cue,
            drop_price_minor=item.drop_price.minor if item.drop_price else None,
            drop_units=item.drop_units,
            drop_per_buyer=item.drop_per_buyer,
            drop_draw_seconds=item.drop_draw_seconds,
            drop_guest_check=item.drop_guest_check,
        )
    return show


def _check(brand: Brand, plan: ShowPlan, products: dict[str, Product], now: datetime) -> None:
    fields: dict[str, str] = {}
    if plan.starts_at <= now:
        fields["starts_at"] = "Choose a moment that is still to come."
    if not plan.slug:
        fields["slug"] = "Give an address of a-z, 0-9 and dashes: the title has no such letters."
    elif Show.objects.filter(slug=plan.slug).exists():
        fields["slug"] = "Another show has this address already."
    for number, item in enumerate(plan.items):
        if item.product not in products:
            fields[f"items.{number}.product"] = f"{brand.name} has no product with this slug."
        if item.drop_price and item.drop_price.currency != brand.currency:
            fields[f"items.{number}.drop_price"] = f"Prices of {brand.name} are in {brand.currency}."
    if len({item.product for item in plan.items}) < len(plan.items):
        fields["items"] = "Each product may be in the line-up once."
    if fields:
        raise BadInput(fields=fields)
