"""The catalogue in the back office: brands, products with variants and pictures, stock and its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from catalog.admin_forms import BrandForm, ProductForm, ProductImageForm, RowsFormSet, VariantForm
from catalog.admin_scope import (
    EDIT,
    VIEW,
    OwnBrandsFilter,
    ScopedAdmin,
    ScopedStackedInline,
    ScopedTabularInline,
    actor_of,
    own_brands,
)
from catalog.models import Brand, BrandStaff, PriceChange, Product, ProductImage, Stock, StockEntry, Variant
from catalog.prices import set_price
from catalog.products import VariantDraft, add_variant
from catalog.stock import adjust_stock, receive_stock
from livecommerce.money import Money


class BrandStaffInline(ScopedTabularInline):
    """Who works for the brand: given by operators, seen by the staff."""

    model = BrandStaff
    staff_may = VIEW
    autocomplete_fields = ("user",)


@admin.register(Brand)
class BrandAdmin(ScopedAdmin):
    """A seller."""

    form = BrandForm
    brand_path = "pk"
    staff_may = frozenset({"view", "change"})
    inlines: ClassVar = [BrandStaffInline]
    list_display = ("name", "country", "currency")
    search_fields = ("name",)
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    fieldsets = (
        (None, {"fields": ("name", "slug", "about", "logo")}),
        ("On orders", {"fields": ("legal_name", "country", "currency", "shipping_price", "vat_percent")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Brand | None = None) -> tuple[str, ...]:
        """Prices exist in the currency and links with the address: both stay once the brand is there."""
        return ("slug", "currency") if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Brand | None = None) -> dict[str, Sequence[str]]:
        return {} if obj else self.prepopulated_fields


class VariantInline(ScopedStackedInline):
    """What is put into a parcel, with its price and its stock."""

    model = Variant
    form = VariantForm
    formset = RowsFormSet
    staff_may = EDIT
    fields = (
        ("sku", "option_values", "price"),
        ("units_to_add", "units_counted", "in_shop"),
        ("weight_grams", "position", "is_active"),
    )
    readonly_fields = ("in_shop",)

    @admin.display(description="In the shop")
    def in_shop(self, variant: Variant) -> str:
        stock = Stock.objects.shop().filter(variant=variant).first() if variant.pk else None
        return f"{stock.left} free, {stock.taken} held or sold" if stock else "none yet"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Orders and the ledger name variants: one that is no longer sold is switched off."""
        return False


class ProductImageInline(ScopedTabularInline):
    """The gallery."""

    model = ProductImage
    form = ProductImageForm
    brand_path = "product__brand"
    staff_may = EDIT | {"delete"}


@admin.register(Product)
class ProductAdmin(ScopedAdmin):
    """Something a brand sells."""

    form = ProductForm
    staff_may = EDIT
    inlines: ClassVar = [VariantInline, ProductImageInline]
    list_display = ("name", "brand", "is_listed")
    list_filter = ("is_listed", OwnBrandsFilter)
    list_select_related = ("brand",)
    search_fields = ("name", "variants__sku")
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    ordering = ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:
        return ("brand", "slug") if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Product | None = None) -> dict[str, Sequence[str]]:
        return {} if obj else self.prepopulated_fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Fill the brand in for those who work for one."""
        brands = list(own_brands(request)[:2])
        return {"brand": brands[0].pk if len(brands) == 1 else None, **super().get_changeform_initial_data(request)}

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save variants through the verbs of prices and stock: both keep a history."""
        if formset.model is not Variant:
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        for row in formset.forms:
            if row.has_changed() and row.cleaned_data:
                listed = formset.changed_objects if row.instance.pk else formset.new_objects
                saved = self._save_variant(request, form.instance, row)
                listed.append((saved, row.changed_data) if listed is formset.changed_objects else saved)

    def _save_variant(self, request: HttpRequest, product: Product, row: ModelForm[Variant]) -> Variant:
        asked, now = row.cleaned_data, timezone.now()
        variant = row.instance
        if variant.pk is None:
            draft = VariantDraft(
                sku=asked["sku"],
                price=asked["money"],
                option_values=asked["option_values"],
                units=asked["units_to_add"] or 0,
                weight_grams=asked["weight_grams"],
            )
            return add_variant(product=product, draft=draft, actor=actor_of(request), now=now)
        variant.save(update_fields=["sku", "option_values", "weight_grams", "position", "is_active"])
        if variant.price != asked["money"]:
            set_price(variant=variant, price=asked["money"], actor=actor_of(request), now=now)
        if asked["units_to_add"]:
            receive_stock(variant=variant, quantity=asked["units_to_add"], actor=actor_of(request), now=now)
        if asked["units_counted"] is not None:
            adjust_stock(variant=variant, on_hand=asked["units_counted"], actor=actor_of(request), now=now)
        return variant


class PriceChangeInline(ScopedTabularInline):
    """Every price the variant ever had."""

    model = PriceChange
    brand_path = "variant__brand"
    staff_may = VIEW
    operators_may = VIEW
    fields = readonly_fields = ("price", "at", "until", "actor")
    ordering = ("-at",)

    @admin.display
    def price(self, change: PriceChange) -> str:
        return str(Money(change.price_minor, change.variant.currency))


@admin.register(Variant)
class VariantAdmin(ScopedAdmin):
    """All variants in one list, with their prices; they are edited on their product's page."""

    staff_may = VIEW
    operators_may = VIEW
    inlines: ClassVar = [PriceChangeInline]
    list_display = ("__str__", "sku", "price", "is_active")
    list_filter = ("is_active", OwnBrandsFilter)
    list_select_related = ("product",)
    search_fields = ("sku", "product__name")
    fields = readonly_fields = ("product", "sku", "option_text", "price", "weight_grams", "is_active")


class StockEntryInline(ScopedTabularInline):
    """The ledger: append-only, the database refuses to change it."""

    model = StockEntry
    brand_path = "stock__variant__brand"
    staff_may = VIEW
    operators_may = VIEW
    fields = readonly_fields = (
        *("chain", "number", "kind", "quantity", "on_hand_after", "taken_after", "at", "actor", "note"),
    )
    ordering = ("-number",)
    per_page = 50


@admin.register(Stock)
class StockAdmin(ScopedAdmin):
    """Where units are: in the shop or in a drop."""

    brand_path = "variant__brand"
    staff_may = VIEW
    operators_may = VIEW
    inlines: ClassVar = [StockEntryInline]
    list_display = ("variant", "place", "on_hand", "taken", "left")
    list_filter = ("for_drop",)
    list_select_related = ("variant__product",)
    search_fields = ("variant__sku", "variant__product__name")
    fields = readonly_fields = ("variant", "place", "on_hand", "taken", "left")

    @admin.display(description="Where")
    def place(self, stock: Stock) -> str:
        return "drop" if stock.for_drop else "shop"
