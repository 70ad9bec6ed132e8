"""The catalogue's part of the API: brand staff list products."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import slugify
from ninja import Field, Router, Schema, Status

from catalog.brands import brand_for_staff
from catalog.models import Product
from catalog.products import ProductDraft, VariantDraft, list_product
from livecommerce.accounts.api_auth import KNOWN_VIEWER
from livecommerce.accounts.viewer import who_asks
from livecommerce.money import Money

router = Router(tags=["brand"])


class PriceIn(Schema):
    """Money: `amount` in minor units of an ISO 4217 currency."""

    amount: int = Field(gt=0, le=100_000_000)
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class VariantIn(Schema):
    """One thing to buy: its SKU, its price including VAT, and the units on the shelf."""

    sku: str = Field(min_length=1, max_length=40)
    price: PriceIn
    options: list[str] = Field(default_factory=list, max_length=2)
    units: int = Field(0, ge=0, le=1_000_000)
    weight_grams: int = Field(0, ge=0, le=1_000_000)


class ProductIn(Schema):
    """A product of one of the asker's brands; `brand` may be left out by staff of one brand only."""

    brand: str | None = None
    name: str = Field(min_length=1, max_length=120)
    slug: str | None = Field(None, max_length=120, pattern=r"^[-a-z0-9]+$")
    description: str = Field("", max_length=5000)
    facts: dict[str, str] = Field(default_factory=dict)
    option_names: list[str] = Field(default_factory=list, max_length=2)
    variants: list[VariantIn] = Field(min_length=1, max_length=100)
    is_listed: bool = True


@router.post("brand/products", response={201: dict[str, Any]}, auth=KNOWN_VIEWER, summary="List a product")
def create_product(request: HttpRequest, body: ProductIn) -> Status[dict[str, Any]]:
    """Put a product with its variants and first units on the shelf of the asker's brand."""
    brand, user = brand_for_staff(viewer=who_asks(request), slug=body.brand)
    draft = ProductDraft(
        name=body.name,
        slug=body.slug or slugify(body.name)[:120],
        variants=[
            VariantDraft(
                sku=variant.sku,
                price=Money(variant.price.amount, variant.price.currency),
                option_values=variant.options,
                units=variant.units,
                weight_grams=variant.weight_grams,
            )
            for variant in body.variants
        ],
        description=body.description,
        facts=body.facts,
        option_names=body.option_names,
        is_listed=body.is_listed,
    )
    return Status(201, _product_wire(list_product(brand=brand, draft=draft, actor=user, now=timezone.now())))


def _product_wire(product: Product) -> dict[str, Any]:
    variants = product.variants.order_by("position")
    return {
        "id": product.pk,
        "slug": product.slug,
        "name": product.name,
        "url": product.get_absolute_url(),
        "variants": [{"id": one.pk, "sku": one.sku, "price": one.price.wire()} for one in variants],
    }
