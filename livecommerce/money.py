"""Money: integer minor units and a currency. Rule guarded here: no amount is ever a float, no sum mixes currencies."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from babel.numbers import format_decimal, get_currency_precision


class WireMoney(TypedDict):
    """Money as JSON: `amount` in minor units."""

    amount: int
    currency: str


@dataclass(frozen=True, order=True)
class Money:
    """An amount in minor units (cents, yen) of one currency (ISO 4217)."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other).minor, self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.minor * count, self.currency)

    def __str__(self) -> str:
        return format_money(self)

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            message = f"{self.currency} and {other.currency} do not add up"
            raise ValueError(message)
        return other

    @property
    def major(self) -> Decimal:
        """The amount in whole units, exact."""
        return Decimal(self.minor).scaleb(-get_currency_precision(self.currency))

    def wire(self) -> WireMoney:
        """Return the form that sockets and the API use."""
        return {"amount": self.minor, "currency": self.currency}


def money_of(amount: Decimal, currency: str) -> Money:
    """Make exact money of an amount in whole units.

    :raises ValueError: it has more decimals than the currency; the words are for people.
    """
    places = get_currency_precision(currency)
    minor = amount.scaleb(places)
    if minor != minor.to_integral_value():
        message = f"{currency} has {places} decimals."
        raise ValueError(message)
    return Money(int(minor), currency)


def amount_text(money: Money, *, locale: str = "en") -> str:
    """Return the figure alone, grouped and with the currency's decimals: `1,184.60`."""
    places = get_currency_precision(money.currency)
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(money.major, format=pattern, locale=locale)


def format_money(money: Money, *, locale: str = "en") -> str:
    """Return the code, a no-break space and the figure: `EUR 1,184.60`."""
    return f"{money.currency}\u00a0{amount_text(money, locale=locale)}"
