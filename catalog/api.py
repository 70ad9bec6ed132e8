"""The catalogue's part of the API: brand staff list products, one by one or by the sheet."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import slugify
from ninja import Field, Router, Schema, Status

from catalog.brands import brand_for_staff
from catalog.importing import import_products
from catalog.models import Product
from catalog.products import ProductDraft, VariantDraft, list_product
from catalog.sheets import SheetRefused, read_sheet
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


class MistakeOut(Schema):
    """`row` as a spreadsheet counts, the header is row 1."""

    row: int
    field: str
    message: str


class ImportOut(Schema):
    """Counts of variants. `errors` is empty, for a sheet is taken whole or not at all."""

    created: int
    updated: int
    errors: list[MistakeOut] = Field(default_factory=list)
    ignored: list[str] = Field(default_factory=list, description="Columns that mean nothing here.")


class ImportRefusedOut(ImportOut):
    """Nothing was imported, and why: each mistake in `errors`."""

    error: dict[str, Any]


# The sheet is the body, or a file in a form: neither is JSON, so the schema is told here.
_SHEET_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            },
        },
    }
}


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


@router.post(
    "brand/imports",
    response={200: ImportOut, 422: ImportRefusedOut},
    auth=KNOWN_VIEWER,
    summary="Import a sheet of products",
    openapi_extra=_SHEET_BODY,
)
def create_import(request: HttpRequest, brand: str | None = None) -> Status[dict[str, Any]]:
    """Create and update products from CSV, all rows or none. Sent again it changes nothing more."""
    own, user = brand_for_staff(viewer=who_asks(request), slug=brand or request.POST.get("brand"))
    upload = request.FILES.get("file")
    try:
        sheet = read_sheet(upload.read() if upload else request.body, currency=own.currency)
        done = import_products(brand=own, sheet=sheet, actor=user, now=timezone.now())
    except SheetRefused as refused:
        mistakes = [asdict(mistake) for mistake in refused.mistakes]
        return Status(422, {"error": refused.wire(), "created": 0, "updated": 0, "errors": mistakes})
    return Status(200, {**asdict(done), "ignored": sheet.ignored})


def _product_wire(product: Product) -> dict[str, Any]:
    variants = product.variants.order_by("position")
    return {
        "id": product.pk,
        "slug": product.slug,
        "name": product.name,
        "url": product.get_absolute_url(),
        "variants": [{"id": one.pk, "sku": one.sku, "price": one.price.wire()} for one in variants],
    }
