"""What a buyer types. The rules stand in `addresses` and the gateway; the forms keep the text and carry the slips."""

from collections.abc import Mapping

from django import forms

from checkout.addresses import COUNTRIES
from checkout.gateways.base import Card
from livecommerce.errors import Refused

MOST_DIGITS = 19  # What a database integer holds.


class CardForm(forms.Form):
    """The card. It is never written back into a page, so a declined one is typed anew."""

    card = forms.CharField(label="Card number", max_length=40, required=False)
    expiry = forms.CharField(label="MM / YY", max_length=10, required=False)
    cvc = forms.CharField(label="CVC", max_length=6, required=False)

    def typed_card(self) -> Card:
        return Card(number=self._typed("card"), expiry=self._typed("expiry"), cvc=self._typed("cvc"))

    def mark(self, refused: Refused) -> None:
        """Put each sentence of a refusal beside its field."""
        for field, words in refused.fields.items():
            if field in self.fields:
                self.add_error(field, words)

    def _typed(self, name: str) -> str:
        return str(self.data.get(name, ""))


class CheckoutForm(CardForm):
    """One seller's bag: where to, how to pay, and the key that makes a second tap the same order."""

    holds = forms.CharField(widget=forms.HiddenInput, max_length=600, required=False)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)
    seller = forms.CharField(widget=forms.HiddenInput, max_length=80, required=False)
    code = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)
    name = forms.CharField(label="Name", max_length=120, required=False)
    email = forms.CharField(label="E-mail for the receipt", max_length=254, required=False)
    street = forms.CharField(label="Street and number", max_length=160, required=False)
    country = forms.ChoiceField(label="Country", choices=list(COUNTRIES.items()), required=False)
    postcode = forms.CharField(label="Postcode", max_length=16, required=False)
    town = forms.CharField(label="Town", max_length=100, required=False)

    def hold_ids(self) -> list[int]:
        return [int(part) for part in self._typed("holds").split(",") if part.isascii() and part.isdigit()][:50]

    def total_seen(self) -> int | None:
        typed = self._typed("total")
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < MOST_DIGITS else None

    def typed_code(self) -> str:
        return self._typed("code")[:64]

    def typed_key(self) -> str:
        return self._typed("key")[:64]

    def typed_email(self) -> str:
        return self._typed("email")

    def typed_address(self) -> Mapping[str, object]:
        return {field: self._typed(field) for field in ("name", "street", "postcode", "town", "country")}
