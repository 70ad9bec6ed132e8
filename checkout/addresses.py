"""Addresses: where parcel and receipt go. Rule guarded here: all slips are told at once, each beside its field."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from livecommerce.errors import Refused

COUNTRIES: dict[str, str] = {
    "AT": "Austria",
    "BE": "Belgium",
    "BG": "Bulgaria",
    "HR": "Croatia",
    "CY": "Cyprus",
    "CZ": "Czechia",
    "DK": "Denmark",
    "EE": "Estonia",
    "FI": "Finland",
    "FR": "France",
    "DE": "Germany",
    "GR": "Greece",
    "HU": "Hungary",
    "IE": "Ireland",
    "IT": "Italy",
    "JP": "Japan",
    "LV": "Latvia",
    "LT": "Lithuania",
    "LU": "Luxembourg",
    "MT": "Malta",
    "NL": "Netherlands",
    "NO": "Norway",
    "PL": "Poland",
    "PT": "Portugal",
    "RO": "Romania",
    "SK": "Slovakia",
    "SI": "Slovenia",
    "ES": "Spain",
    "SE": "Sweden",
    "CH": "Switzerland",
    "GB": "United Kingdom",
}
_LIMITS = {"name": 120, "street": 160, "postcode": 16, "town": 100}
_MISSING = {
    "name": "Type the name for the parcel.",
    "street": "Type street and number.",
    "postcode": "Type the postcode.",
    "town": "Type the town.",
}


class AddressIncomplete(Refused):
    code = "order.address_incomplete"
    status = 422
    message = "Something is missing for the parcel. Nothing was charged and your hold stays. See the marked fields."


@dataclass(frozen=True, kw_only=True)
class Address:
    name: str
    street: str
    postcode: str
    town: str
    country: str

    @property
    def country_name(self) -> str:
        return COUNTRIES.get(self.country, self.country)

    def wire(self) -> dict[str, str]:
        return asdict(self)


def clean_delivery(*, email: str, address: Mapping[str, object]) -> tuple[str, Address]:
    """Check what a buyer typed.

    :raises AddressIncomplete: with one sentence per field.
    """
    typed = {field: _text(address.get(field)) for field in (*_LIMITS, "country")}
    email = email.strip()
    slips = {field: words for field, words in _MISSING.items() if not typed[field]}
    slips |= {
        field: f"At most {limit} characters, please." for field, limit in _LIMITS.items() if len(typed[field]) > limit
    }
    typed["country"] = typed["country"].upper()
    if typed["country"] not in COUNTRIES:
        slips["country"] = "Choose a country that we deliver to."
    if not _is_email(email):
        slips["email"] = "Type an e-mail address, for the receipt."
    if slips:
        raise AddressIncomplete(fields=slips)
    return email, Address(**typed)


def clean_receipt(*, name: str, email: str) -> tuple[str, str]:
    """Check who writes and where the receipt goes.

    :raises AddressIncomplete: with one sentence per field.
    """
    name, email = _text(name), email.strip()
    slips = {} if _is_email(email) else {"email": "Type an e-mail address, for the receipt."}
    if not name or len(name) > _LIMITS["name"]:
        slips["name"] = f"Type your name, in at most {_LIMITS['name']} characters."
    if slips:
        raise AddressIncomplete("The receipt needs a name and an address. Nothing was changed.", fields=slips)
    return name, email


def _text(value: object) -> str:
    return re.sub(r"\s+", " ", value).strip().replace("\x00", "") if isinstance(value, str) else ""


# Django compiles its patterns when they are first asked, which a rush would do in each of its threads at once.
validate_email("first@example.test")


def _is_email(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return len(email) <= 254  # noqa: PLR2004
