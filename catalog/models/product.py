"""Products: what is shown, its variants that are sold, its pictures, and every price a variant ever had."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, FilteredRelation, Prefetch, Q
from django.db.models.functions import Coalesce
from django.templatetags.static import static
from django.urls import reverse

from catalog.models.brand import Brand
from livecommerce.money import Money

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from catalog.models.stock import Stock


class ProductQuerySet(models.QuerySet["Product"]):
    def listed(self) -> ProductQuerySet:
        """Those that anyone may see."""
        return self.filter(is_listed=True)

    def of_staff(self, user_id: int | None) -> ProductQuerySet:
        return self.filter(brand__in=Brand.objects.of_staff(user_id))

    def with_offer(self) -> ProductQuerySet:
        """With brand, pictures, variants and shop stock: all that a card or a sheet prints, in four queries."""
        from catalog.models.stock import Stock  # stock.py imports Variant from here

        shop = Prefetch("stocks", Stock.objects.shop(), to_attr="shop_stocks")
        variants = Variant.objects.on_sale().order_by("position", "pk").prefetch_related(shop)  # type: ignore[no-redef]
        images = ProductImage.objects.order_by("position", "pk")
        return self.select_related("brand").prefetch_related(  # type: ignore[no-redef]
            Prefetch("images", images, to_attr="gallery"), Prefetch("variants", variants, to_attr="offer")
        )


class Product(models.Model):
    """Something a brand sells. `option_names` has up to two axes, such as `["Size", "Colour"]`."""

    brand = models.ForeignKey(Brand, models.PROTECT, related_name="products")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=120, unique=True)
    description = models.TextField(blank=True)
    facts = models.JSONField(default=dict, blank=True, help_text='What buyers ask: {"Material": "Stoneware"}.')
    option_names = models.JSONField(default=list, blank=True)
    is_listed = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProductQuerySet.as_manager()

    if TYPE_CHECKING:
        images: RelatedManager[ProductImage]
        variants: RelatedManager[Variant]
        # Set by with_offer().
        gallery: list[ProductImage]
        offer: list[Variant]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("product", args=[self.slug])


class ProductImage(models.Model):
    """One picture of a product: an upload, re-encoded by `catalog.images`, or art of our own from the static files."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="images")
    image = models.ImageField(upload_to="products/", blank=True)
    art = models.CharField(
        max_length=120, blank=True, help_text="Static path of a drawing, used when there is no photo."
    )
    alt = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["product", "position"], name="gallery_order")]

    def __str__(self) -> str:
        return self.alt or f"picture {self.position}"

    @property
    def url(self) -> str:
        return self.image.url if self.image else static(self.art)


class VariantQuerySet(models.QuerySet["Variant"]):
    def on_sale(self) -> VariantQuerySet:
        return self.filter(is_active=True)

    def with_shop_left(self) -> VariantQuerySet:
        """With the shop's free units as `shop_left`, in the same query."""
        shop = FilteredRelation("stocks", condition=Q(stocks__for_drop=False))
        free = F("shop_stock__on_hand") - F("shop_stock__taken")
        return self.annotate(shop_stock=shop).annotate(shop_left=Coalesce(free, 0))  # type: ignore[no-redef]

    def of_staff(self, user_id: int | None) -> VariantQuerySet:
        return self.filter(brand__in=Brand.objects.of_staff(user_id))


class Variant(models.Model):
    """What is put into a parcel: a size, a shade. It has the SKU, the price including VAT, and the stock.

    `brand` repeats the product's own so that the database can keep a SKU unique within a brand.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    brand = models.ForeignKey(Brand, models.PROTECT, related_name="+", editable=False)
    sku = models.CharField("SKU", max_length=40)
    option_values = models.JSONField(default=list, blank=True)
    price_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    weight_grams = models.PositiveIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = VariantQuerySet.as_manager()

    if TYPE_CHECKING:
        stocks: RelatedManager[Stock]
        price_changes: RelatedManager[PriceChange]
        # Set by with_offer().
        shop_stocks: list[Stock]
        # Set by with_shop_left().
        shop_left: int

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["brand", "sku"], name="sku_once_in_a_brand"),
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="variant_price_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.option_text}".strip()

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def option_text(self) -> str:
        """`280 ml, Speckled`, or nothing for a product without options."""
        return ", ".join(str(value) for value in self.option_values)


class PriceChange(models.Model):
    """A price from a moment on. Append-only, by triggers: the lowest price of the last 30 days is read from here."""

    variant = models.ForeignKey(Variant, models.CASCADE, related_name="price_changes")
    price_minor = models.PositiveIntegerField()
    at = models.DateTimeField()
    until = models.DateTimeField(null=True, help_text="Set for the price of a drop, which does not replace the shop's.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        # For the lowest price of a month.
        indexes: ClassVar = [models.Index(fields=["variant", "-at"], name="price_history")]

    def __str__(self) -> str:
        return f"{self.price_minor} from {self.at:%Y-%m-%d}"
