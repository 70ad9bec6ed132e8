"""The schedule's part of the API: brand staff plan shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import slugify
from ninja import Field, Router, Schema, Status
from pydantic import AwareDatetime

from catalog.api import PriceIn
from catalog.brands import brand_for_staff
from livecommerce.accounts.api_auth import KNOWN_VIEWER
from livecommerce.accounts.viewer import who_asks
from livecommerce.money import Money
from streams.models import DropOrder
from streams.schedule import PlannedItem, ShowPlan, plan_show

router = Router(tags=["brand"])


class ItemIn(Schema):
    """A product of the line-up by its slug, with its drop when it is to have one."""

    product: str
    minutes: int = Field(5, ge=1, le=240)
    cue: str = Field("", max_length=80)
    drop_price: PriceIn | None = None
    drop_units: int | None = Field(None, ge=1, le=1_000_000)
    drop_per_buyer: int = Field(2, ge=1, le=100)
    drop_draw_seconds: DropOrder = Field(
        DropOrder.FIRST_COME, description="So many seconds of taps are drawn by lot; 0: none."
    )
    drop_guest_check: bool = Field(False, description="Each guest's device does a small sum before it may ask.")


class ShowIn(Schema):
    """A show to come: `host` is a handle, `starts_at` ISO 8601 with its offset."""

    brand: str | None = None
    host: str
    title: str = Field(min_length=1, max_length=120)
    slug: str | None = Field(None, max_length=80, pattern=r"^[-a-z0-9]+$")
    starts_at: AwareDatetime
    minutes: int = Field(60, ge=5, le=1440)
    description: str = Field("", max_length=5000)
    items: list[ItemIn] = Field(default_factory=list, max_length=100)


@router.post("brand/shows", response={201: dict[str, Any]}, auth=KNOWN_VIEWER, summary="Schedule a show")
def create_show(request: HttpRequest, body: ShowIn) -> Status[dict[str, Any]]:
    """Schedule a show of the asker's brand with its line-up; it stands on the home page at once."""
    brand, user = brand_for_staff(viewer=who_asks(request), slug=body.brand)
    plan = ShowPlan(
        title=body.title,
        slug=body.slug or slugify(body.title)[:80],
        host=body.host,
        starts_at=body.starts_at,
        minutes=body.minutes,
        description=body.description,
        items=[
            PlannedItem(
                product=item.product,
                minutes=item.minutes,
                cue=item.cue,
                drop_price=Money(item.drop_price.amount, item.drop_price.currency) if item.drop_price else None,
                drop_units=item.drop_units,
                drop_per_buyer=item.drop_per_buyer,
                drop_draw_seconds=item.drop_draw_seconds,
                drop_guest_check=item.drop_guest_check,
            )
            for item in body.items
        ],
    )
    show = plan_show(brand=brand, plan=plan, actor=user, now=timezone.now())
    return Status(201, {"id": show.pk, "slug": show.slug, "state": show.state, "url": show.get_absolute_url()})
