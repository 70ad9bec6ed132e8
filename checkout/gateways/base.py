"""The one interface to whoever moves the money. Rule guarded here: no call of it runs inside a transaction of ours."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from checkout.models import Payment
from livecommerce.errors import Refused
from livecommerce.money import Money

type BankState = Literal["new", "processing", "requires_action", "succeeded", "failed", "cancelled"]


class GatewayDown(Refused):
    code = "payment.gateway_down"
    status = 503
    message = "The payment service does not answer. Nothing was charged and your hold stays. Try again in a moment."


class CardRefused(Refused):
    """The card's numbers cannot be right; no bank was asked."""

    code = "payment.card_invalid"
    status = 422
    message = "This card number cannot be right. Nothing was charged and your hold stays. Check the number."


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a buyer typed. It lives for one call and is never stored or logged."""

    number: str
    expiry: str = ""
    cvc: str = ""

    def __repr__(self) -> str:
        return f"Card(…{self.number[-4:]})"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How an attempt stands at the bank at the moment of asking; the only thing that a payment is ever settled by."""

    ref: str
    state: BankState
    amount: Money
    client_secret: str = ""
    failure_code: str = ""
    failure_text: str = ""
    card_brand: str = ""
    card_last4: str = ""


@dataclass(frozen=True, kw_only=True)
class RefundReading:
    ref: str
    succeeded: bool


class Gateway(Protocol):
    """Every write carries a business key, so a repeated call finds the first one's result."""

    provider: str

    def open_intent(self, *, key: str, amount: Money, reference: str) -> Reading:
        """Announce an amount; nothing is charged yet."""

    def confirm(self, *, ref: str, card: Card) -> Reading:
        """Charge a card. The answer may be a question to the buyer, or take its time.

        :raises CardRefused: the numbers cannot be right.
        """

    def answer_check(self, *, ref: str, agreed: bool) -> Reading:
        """Pass on what the buyer said to their bank's question."""

    def read(self, *, ref: str) -> Reading:
        """Ask how the attempt stands."""

    def notices(self) -> Iterable[Reading]:
        """What the bank has told by itself since we last listened; the same may come twice."""

    def cancel(self, *, ref: str) -> Reading:
        """Give up. When the bank was quicker the answer says "succeeded", and the sale is good."""

    def refund(self, *, ref: str, amount: Money, key: str) -> RefundReading:
        """Send money back; the same key never moves it twice."""

    def check_card(self, card: Card) -> None:
        """Look at the numbers alone, before anything is written.

        :raises CardRefused: with the field that is wrong.
        """

    def fingerprint(self, card: Card) -> str:
        """Give what the same card is known by whoever pays with it; empty when this bank does not tell."""


def may_move(before: str, after: BankState) -> bool:
    """Whether an attempt may take this state. What the bank has charged is true even after we gave the attempt up."""
    if before in Payment.OPEN_STATES:
        return after not in {"new", before}
    return after == "succeeded" and before != "succeeded"
