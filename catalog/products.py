"""Products: list, change, show. The rule guarded here: staff reach their own brand's, viewers what is listed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, prefetch_related_objects

from catalog.brands import lock_brand
from catalog.models import Brand, PriceChange, Product, ProductImage, Variant
from catalog.stock import receive_stock
from livecommerce.accounts.models import User
from livecommerce.accounts.viewer import Viewer
from livecommerce.errors import BadInput, NotFound
from livecommerce.money import Money

OPTION_AXES = 2


class ProductNotFound(NotFound):
    code = "product.not_found"
    message = "There is no such product here. It may have been taken off the shelf."


@dataclass(frozen=True, kw_only=True)
class VariantDraft:
    """A variant before it is listed."""

    sku: str
    price: Money
    option_values: Sequence[str] = ()
    units: int = 0
    weight_grams: int = 0


@dataclass(frozen=True, kw_only=True)
class ProductDraft:
    """A product before it is listed."""

    name: str
    slug: str
    variants: Sequence[VariantDraft]
    description: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    option_names: Sequence[str] = ()
    # Static paths of drawings with their words; uploads come later through `catalog.images`.
    art: Sequence[tuple[str, str]] = ()
    is_listed: bool = True


@transaction.atomic
def list_product(*, brand: Brand, draft: ProductDraft, actor: User | None, now: datetime) -> Product:
    """Put a product with its variants, prices and first units on the shelf.

    :raises BadInput: no variant, options that do not fit, or a SKU or slug that is used already.
    """
    lock_brand(brand)
    _check(brand, draft)
    product = Product.objects.create(
        brand=brand,
        name=draft.name,
        slug=draft.slug,
        description=draft.description,
        facts=dict(draft.facts),
        option_names=list(draft.option_names),
        is_listed=draft.is_listed,
    )
    for position, (path, alt) in enumerate(draft.art):
        ProductImage.objects.create(product=product, art=path, alt=alt, position=position)
    for variant in draft.variants:
        add_variant(product=product, draft=variant, actor=actor, now=now)
    return product


@transaction.atomic
def add_variant(*, product: Product, draft: VariantDraft, actor: User | None, now: datetime) -> Variant:
    """Add one more thing to buy to a product; its price opens its history."""
    variant = Variant.objects.create(
        product=product,
        brand_id=product.brand_id,
        sku=draft.sku,
        option_values=list(draft.option_values),
        price_minor=draft.price.minor,
        currency=draft.price.currency,
        weight_grams=draft.weight_grams,
        position=product.variants.count(),
    )
    PriceChange.objects.create(variant=variant, price_minor=draft.price.minor, at=now, actor=actor)
    receive_stock(variant=variant, quantity=draft.units, actor=actor, now=now)
    return variant


def product_for_viewer(slug: str, viewer: Viewer) -> Product:
    """Find a product that anyone may see, with all that its page prints.

    :raises ProductNotFound: not listed, unless the one who asks works for its brand.
    """
    found = Product.objects.filter(slug=slug).with_offer().first()
    if found is None:
        raise ProductNotFound
    if not found.is_listed and not Brand.objects.of_staff(viewer.user_id).filter(pk=found.brand_id).exists():
        raise ProductNotFound
    return found


def load_offers(products: Collection[Product]) -> None:
    """Give products at hand what their cards print: pictures, and variants with the shop's units, in two queries."""
    variants = Variant.objects.on_sale().with_shop_left().order_by("position", "pk")
    images = ProductImage.objects.order_by("position", "pk")
    prefetch_related_objects(
        list(products), Prefetch("images", images), Prefetch("variants", variants, to_attr="offer")
    )
    for product in products:
        product.gallery = list(product.images.all())


def product_card(product: Product, images: Sequence[ProductImage]) -> dict[str, Any]:
    """Give what every card on the wire says of a product."""
    return {
        "id": product.pk,
        "slug": product.slug,
        "name": product.name,
        "image": images[0].url if images else "",
        "images": [{"url": image.url, "alt": image.alt} for image in images],
        "brand": product.brand.name,
    }


def shop_left(variant: Variant) -> int:
    """Read the shop's free units off a variant loaded by `with_offer`."""
    return variant.shop_stocks[0].left if variant.shop_stocks else 0


def _check(brand: Brand, draft: ProductDraft) -> None:
    fields: dict[str, str] = {}
    if not draft.variants:
        fields["variants"] = "At least one variant is needed; it has the SKU, the price and the stock."
    if len(draft.option_names) > OPTION_AXES:
        fields["option_names"] = f"At most {OPTION_AXES}, such as size and colour."
    for number, variant in enumerate(draft.variants):
        if len(variant.option_values) != len(draft.option_names):
            fields[f"variants.{number}.option_values"] = "One value for each option is needed."
        if variant.price.minor <= 0 or variant.price.currency != brand.currency:
            fields[f"variants.{number}.price"] = f"A price above zero in {brand.currency} is needed."
    skus = [variant.sku for variant in draft.variants]
    if len(set(skus)) < len(skus) or Variant.objects.filter(brand=brand, sku__in=skus).exists():
        fields["variants"] = "Each SKU may be used once in a brand."
    if not draft.slug:
        fields["slug"] = "Give an address of a-z, 0-9 and dashes: the name has no such letters."
    elif Product.objects.filter(slug=draft.slug).exists():
        fields["slug"] = "Another product has this address already."
    if fields:
        raise BadInput(fields=fields)
