"""Forms of the back office for shows: what a brand plans, and who helps."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminImageFieldWidget

from catalog.admin_forms import ImageField, PriceField, to_money
from livecommerce.accounts.models import User
from livecommerce.money import Money
from streams.models import DropOrder, Host, LineupItem, Show, ShowMember

# What a line-up item says of its drop, beside the price.
DROP_PLAN = ("drop_units", "drop_per_buyer", "drop_draw_seconds", "drop_guest_check")


class HostForm(forms.ModelForm):  # type: ignore[type-arg]
    """A host's public profile."""

    portrait = ImageField(required=False, widget=UnfoldAdminImageFieldWidget)

    class Meta:
        model = Host
        fields: ClassVar = ["user", "brand", "handle", "name", "bio", "city", "portrait", "is_listed"]


class ShowForm(forms.ModelForm):  # type: ignore[type-arg]
    """A show as a brand plans it; its state moves in the Studio."""

    cover = ImageField(required=False, widget=UnfoldAdminImageFieldWidget)

    class Meta:
        model = Show
        fields: ClassVar = [
            *("brand", "host", "title", "slug", "description", "cover"),
            *("landscape", "starts_at", "planned_minutes", "reconnect_seconds", "slow_seconds"),
        ]


class LineupItemForm(forms.ModelForm):  # type: ignore[type-arg]
    """A product's place in the show, with the price and the units of its drop."""

    parent: Show
    drop_price = PriceField(required=False, label="Drop price")

    class Meta:
        model = LineupItem
        fields: ClassVar = ["position", "product", "planned_minutes", "cue", "notes", *DROP_PLAN]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Without a number a new item goes to the end.
        self.fields["position"].required = False
        self.fields["drop_draw_seconds"].required = False
        if self.instance.drop_price_minor is not None:
            currency = self.instance.show.brand.currency
            self.fields["drop_price"].initial = Money(self.instance.drop_price_minor, currency).major

    def clean_drop_draw_seconds(self) -> int:
        """Without a word it is first come, first served."""
        return self.cleaned_data["drop_draw_seconds"] or DropOrder.FIRST_COME

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.parent.brand_id is None:
            return cleaned
        brand = self.parent.brand
        product = cleaned.get("product")
        if product and product.brand_id != brand.pk:
            self.add_error("product", f"Only products of {brand} can be in its show.")
        price = cleaned.get("drop_price")
        try:
            cleaned["drop_price_minor"] = to_money(price, brand.currency).minor if price else None
        except ValidationError as problem:
            self.add_error("drop_price", problem)
        if bool(price) != bool(cleaned.get("drop_units")):
            missing = "drop_units" if price else "drop_price"
            self.add_error(missing, "A drop needs both a price and a number of units.")
        return cleaned


class ShowMemberForm(forms.ModelForm):  # type: ignore[type-arg]
    """Somebody who helps, named by e-mail address: nobody can browse other people's accounts."""

    parent: Show
    email = forms.EmailField(label="E-mail", widget=UnfoldAdminEmailInputWidget)

    class Meta:
        model = ShowMember
        fields: ClassVar = ["role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["email"].initial = self.instance.user.email

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        user = User.objects.filter(email=email, is_active=True).first()
        if user is None:
            raise ValidationError("Nobody has an account with this address. Ask them to make one, then add them here.")
        others = ShowMember.objects.filter(show=self.parent.pk, user=user).exclude(pk=self.instance.pk)
        if self.parent.pk and others.exists():
            raise ValidationError("This person is in the team already.")
        self.instance.user = user
        return email
