"""Forms of the back office: a code with its terms as people write them."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from catalog.admin_forms import PriceField, to_money
from catalog.models import Brand
from checkout.codes import UsesBelowTaken, clean_text, refuse_below_taken
from checkout.models import Code
from livecommerce.errors import Refused
from livecommerce.money import Money


class CodeForm(forms.ModelForm):  # type: ignore[type-arg]
    """An amount or a share off the goods, for so many orders."""

    amount = PriceField(label="Amount off", required=False, help_text="In the brand's currency. Or a share, not both.")
    percent = forms.DecimalField(
        label="Share off, %",
        required=False,
        min_value=Decimal("0.01"),
        max_value=100,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
    )
    least_goods = PriceField(
        label="Least goods", zero=True, required=False, help_text="What the goods cost at least. Empty: anything."
    )

    class Meta:
        model = Code
        fields = ("brand", "text", "show", "uses", "starts_at", "ends_at", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            return
        currency = self.instance.brand.currency
        if self.instance.amount_minor is not None:
            self.fields["amount"].initial = Money(self.instance.amount_minor, currency).major
        if self.instance.percent_bp is not None:
            self.fields["percent"].initial = Decimal(self.instance.percent_bp).scaleb(-2)
        self.fields["least_goods"].initial = self.instance.least_goods.major

    def clean_text(self) -> str:
        try:
            return clean_text(self.cleaned_data["text"])
        except Refused as refused:
            raise ValidationError("Use 3 to 24 letters A to Z, digits and dashes: TABLE4.") from refused

    def clean_uses(self) -> int:
        uses: int = self.cleaned_data["uses"]
        if self.instance.pk:
            try:
                refuse_below_taken(self.instance, uses)
            except UsesBelowTaken as refused:
                raise ValidationError(refused.message) from refused
        return uses

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        amount, percent = cleaned.get("amount"), cleaned.get("percent")
        brand = self.instance.brand if self.instance.pk else cleaned.get("brand")
        if (amount is None) == (percent is None) and not {"amount", "percent"} & set(self.errors):
            self.add_error("amount", "Give an amount or a share, one of the two.")
        self.instance.percent_bp = int(percent.scaleb(2)) if percent is not None else None
        if brand:
            self.instance.amount_minor = self._minor("amount", amount, brand)
            self.instance.least_goods_minor = self._minor("least_goods", cleaned.get("least_goods"), brand) or 0
            show = cleaned.get("show")
            if show and show.brand_id != brand.pk:
                self.add_error("show", "This show is another brand's.")
            same = Code.objects.filter(brand=brand, text=cleaned.get("text")).exclude(pk=self.instance.pk)
            if same.exists():
                self.add_error("text", "The brand has this code already.")
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", "A code ends after it starts.")
        return cleaned

    def _minor(self, field: str, amount: Decimal | None, brand: Brand) -> int | None:
        try:
            return to_money(amount, brand.currency).minor if amount is not None else None
        except ValidationError as problem:
            self.add_error(field, problem)
            return None
