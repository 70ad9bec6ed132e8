"""Forms of the back office: prices with decimals, options and facts as people write them, units to add."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminImageFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from catalog.images import encoded
from catalog.models import Brand, Product, ProductImage, Variant
from catalog.products import OPTION_AXES
from catalog.stock import BelowTaken, refuse_below_taken, shop_stock
from livecommerce.errors import Refused
from livecommerce.money import Money, money_of


class PriceField(forms.DecimalField):
    """A price in whole units with decimals: `21.00`. `to_money` makes it exact minor units of a currency."""

    def __init__(self, *, zero: bool = False, **options: Any) -> None:
        least = MinValueValidator(Decimal(0 if zero else "0.01"))
        super().__init__(max_digits=12, widget=UnfoldAdminDecimalFieldWidget, validators=[least], **options)


def to_money(amount: Decimal, currency: str) -> Money:
    """Make exact money of a typed amount.

    :raises ValidationError: it has more decimals than the currency.
    """
    try:
        return money_of(amount, currency)
    except ValueError as inexact:
        raise ValidationError(str(inexact)) from inexact


class WordsField(forms.CharField):
    """A list of words as `Size, Colour`."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return [word for word in (part.strip() for part in str(super().clean(value) or "").split(",")) if word]


class FactsField(forms.CharField):
    """What buyers ask, a line each: `Material: Stoneware`."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name}: {fact}" for name, fact in value.items()) if isinstance(value, dict) else value

    def clean(self, value: Any) -> dict[str, str]:
        facts = {}
        for line in str(super().clean(value) or "").splitlines():
            name, colon, fact = line.partition(":")
            if line.strip() and not (colon and name.strip() and fact.strip()):
                raise ValidationError(f"Write each line as “Material: Stoneware”, not “{line.strip()}”.")
            if line.strip():
                facts[name.strip()] = fact.strip()
        return facts


class RowsFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Rows that know their parent, also one that is not saved yet: what they may say depends on its brand."""

    def add_fields(self, form: Any, index: int | None) -> None:
        form.parent = self.instance
        super().add_fields(form, index)


class ImageField(forms.ImageField):
    """An upload that is read and written anew before anyone can load it."""

    def clean(self, value: Any, initial: Any = None) -> Any:
        upload = super().clean(value, initial)
        if not upload or upload is initial:
            return upload
        upload.seek(0)
        try:
            return encoded(upload)
        except Refused as refused:
            raise ValidationError(refused.message) from refused


class BrandForm(forms.ModelForm):  # type: ignore[type-arg]
    """The seller's own page and terms."""

    shipping_price = PriceField(label="Shipping", help_text="For one parcel, VAT included.", zero=True)
    vat_percent = forms.DecimalField(
        label="VAT %", min_value=0, max_value=99, decimal_places=2, widget=UnfoldAdminDecimalFieldWidget
    )
    logo = ImageField(required=False, widget=UnfoldAdminImageFieldWidget)

    class Meta:
        model = Brand
        fields = ("name", "slug", "about", "logo", "legal_name", "country", "currency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shipping_price"].initial = Money(self.instance.shipping_price_minor, self.instance.currency).major
        self.fields["vat_percent"].initial = Decimal(self.instance.vat_rate_bp).scaleb(-2)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        currency = cleaned.get("currency") or self.instance.currency
        try:
            self.instance.shipping_price_minor = to_money(cleaned.get("shipping_price") or Decimal(), currency).minor
        except ValidationError as problem:
            self.add_error("shipping_price", problem)
        self.instance.vat_rate_bp = int((cleaned.get("vat_percent") or Decimal()).scaleb(2))
        return cleaned


class ProductImageForm(forms.ModelForm):  # type: ignore[type-arg]
    """One picture of the gallery."""

    image = ImageField(required=False, widget=UnfoldAdminImageFieldWidget)

    class Meta:
        model = ProductImage
        fields = ("image", "alt", "position")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not (cleaned.get("image") or self.instance.art) and "image" not in self.errors:
            self.add_error("image", "Choose a picture.")
        return cleaned


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]
    """A product with its options named as people say them."""

    option_names = WordsField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        label="Options",
        help_text="Up to two, with a comma: Size, Colour.",
    )
    facts = FactsField(
        required=False, widget=UnfoldAdminTextareaWidget, help_text="What buyers ask, a line each: Material: Stoneware."
    )

    class Meta:
        model = Product
        fields = ("brand", "name", "slug", "description", "facts", "option_names", "is_listed")

    def clean_option_names(self) -> list[str]:
        names: list[str] = self.cleaned_data["option_names"]
        if len(names) > OPTION_AXES:
            raise ValidationError("A product has at most two options, such as size and colour.")
        return names


class VariantForm(forms.ModelForm):  # type: ignore[type-arg]
    """A variant with its price in decimals; stock is added, or counted, with an entry in the ledger for either."""

    option_values = WordsField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        label="Options",
        help_text="In the product's order: 280 ml, Sage.",
    )
    price = PriceField(label="Price incl. VAT")
    units_to_add = forms.IntegerField(
        required=False, min_value=0, label="Add to stock", widget=UnfoldAdminIntegerFieldWidget
    )
    units_counted = forms.IntegerField(
        required=False,
        min_value=0,
        label="Counted in the shop",
        help_text="All that is there, also what is held or sold and not sent yet. Empty: as it is.",
        widget=UnfoldAdminIntegerFieldWidget,
    )

    parent: Product

    class Meta:
        model = Variant
        fields = ("sku", "option_values", "weight_grams", "position", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["price"].initial = self.instance.price.major

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        product = self.parent
        if product.brand_id is None:
            return cleaned
        if "price" in cleaned:
            try:
                cleaned["money"] = to_money(cleaned["price"], product.brand.currency)
            except ValidationError as problem:
                self.add_error("price", problem)
        values = cleaned.get("option_values", [])
        if len(values) != len(product.option_names):
            names = ", ".join(product.option_names) or "none"
            self.add_error("option_values", f"Give one word for each of the product's options: {names}.")
        same_sku = Variant.objects.filter(brand=product.brand_id, sku=cleaned.get("sku")).exclude(pk=self.instance.pk)
        if cleaned.get("sku") and same_sku.exists():
            self.add_error("sku", "Another variant of this brand has this SKU.")
        self._check_count(cleaned.get("units_counted"), also_added=bool(cleaned.get("units_to_add")))
        return cleaned

    def _check_count(self, counted: int | None, *, also_added: bool) -> None:
        """Refuse in words what the ledger would refuse; the row stays locked until the page's transaction ends."""
        if counted is None:
            return
        if also_added or not self.instance.pk:
            self.add_error("units_counted", "Add units or count them, not both at once.")
            return
        try:
            refuse_below_taken(shop_stock(self.instance), counted)
        except BelowTaken as refused:
            self.add_error("units_counted", refused.message)
