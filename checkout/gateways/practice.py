"""The practice bank: no keys, no money. Rule guarded here: only the practice numbers below are ever taken.

It keeps its own book (`PracticeIntent`), written outside our transactions, and answers as real banks do: at once,
after a question to the buyer, late, twice, or never. What many ask at once it writes together.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from checkout.gateways.base import BankState, Card, CardRefused, GatewayDown, Reading, RefundReading
from checkout.models import PracticeIntent
from livecommerce.money import Money
from livecommerce.realtime.batch import Batch

LATE_BY = timedelta(seconds=8)
CARD_LENGTHS = range(12, 20)  # ISO/IEC 7812

SUCCEEDS = "4242424242424242"
DECLINED = "4000000000000002"
NO_FUNDS = "4000000000009995"
ASKS_FOR_3DS = "4000002500003155"
ANSWERS_LATE = "4000000000001018"
ANSWERS_TWICE = "4000000000002024"
NEVER_ANSWERS = "4000000000003030"
ONE_CARD = "4000000000004046"

# The numbers and what they do, for the hint under the card form and the docs.
PRACTICE_CARDS: dict[str, str] = {
    SUCCEEDS: "pays",
    ASKS_FOR_3DS: "pays after your bank asked you (3-D Secure)",
    DECLINED: "is declined",
    NO_FUNDS: "is declined for lack of funds",
    ANSWERS_LATE: "pays, the bank answers 8 seconds later",
    ANSWERS_TWICE: "pays, the bank says so twice",
    NEVER_ANSWERS: "gets no answer, the payment is given up",
    ONE_CARD: "pays; one card, so all who use it share the limit of a drop",
}
_FAILURES = {
    "card_declined": "Your bank said no.",
    "insufficient_funds": "Your bank said no: there is not enough money on this card.",
    "check_refused": "You refused your bank's check.",
}


class PracticeGateway:
    """See `Gateway`."""

    provider = "practice"

    def __init__(self, clock: Callable[[], datetime] = timezone.now) -> None:
        self._clock = clock

    def open_intent(self, *, key: str, amount: Money, reference: str) -> Reading:
        # The same key gives the same intent, so whoever asks twice is answered alike.
        ref = f"pi_{_mark('ref', key)[:20]}"
        intent = PracticeIntent(
            ref=ref,
            key=key,
            client_secret=f"{ref}_secret_{_mark('secret', key)[:24]}",
            amount_minor=amount.minor,
            currency=amount.currency,
        )
        return _reading(_opening.ask_from_thread("bank", intent))

    def check_card(self, card: Card) -> None:
        number = digits_of(card.number)
        if not number:
            raise CardRefused("Type the card number.", fields={"card": "Type the number on the card."})
        if len(number) not in CARD_LENGTHS or not _luhn(number):
            raise CardRefused(fields={"card": "This number has a slip in it. Check its digits."})
        if number not in PRACTICE_CARDS:
            # A real card has no business here, so it is turned away before anything keeps it.
            raise CardRefused(
                "This shop takes practice cards only; nothing was charged. Use 4242 4242 4242 4242.",
                fields={"card": "Practice cards only: use 4242 4242 4242 4242."},
            )
        _check_expiry(card.expiry, self._clock())
        if card.cvc and not re.fullmatch(r"\d{3,4}", card.cvc.strip()):
            raise CardRefused("The CVC has three digits.", fields={"cvc": "Three digits, on the back of the card."})

    def fingerprint(self, card: Card) -> str:
        # The other practice numbers are everybody's.
        number = digits_of(card.number)
        return number if number == ONE_CARD else ""

    def confirm(self, *, ref: str, card: Card) -> Reading:
        self.check_card(card)
        number = digits_of(card.number)
        late = self._clock() + LATE_BY if number == ANSWERS_LATE else None
        return _reading(_deciding.ask_from_thread("bank", Decision(number, late, ref)))

    def answer_check(self, *, ref: str, agreed: bool) -> Reading:
        PracticeIntent.objects.filter(ref=ref, state="requires_action").update(
            state="succeeded" if agreed else "failed", failure_code="" if agreed else "check_refused"
        )
        return self.read(ref=ref)

    def read(self, *, ref: str) -> Reading:
        intent = self._intent(ref)
        if intent.state == "processing" and intent.answers_at and intent.answers_at <= self._clock():
            PracticeIntent.objects.filter(ref=ref, state="processing").update(state="succeeded")
            intent = self._intent(ref)
        return _reading(intent)

    def notices(self) -> Iterator[Reading]:
        late = PracticeIntent.objects.filter(state="processing", answers_at__lte=self._clock())
        for ref in list(late.values_list("ref", flat=True)):
            yield self.read(ref=ref)
        for intent in PracticeIntent.objects.filter(state="succeeded", answers_twice=True):
            PracticeIntent.objects.filter(pk=intent.pk).update(answers_twice=False)
            yield _reading(intent)
            yield _reading(intent)

    def cancel(self, *, ref: str) -> Reading:
        current = self.read(ref=ref)
        if current.state in {"new", "processing", "requires_action"}:
            PracticeIntent.objects.filter(ref=ref, state=current.state).update(state="cancelled")
        return self.read(ref=ref)

    def refund(self, *, ref: str, amount: Money, key: str) -> RefundReading:
        with transaction.atomic():
            intent = PracticeIntent.objects.select_for_update().get(ref=ref)
            if key not in intent.refund_keys:
                if intent.state != "succeeded" or intent.refunded_minor + amount.minor > intent.amount_minor:
                    return RefundReading(ref="", succeeded=False)
                intent.refunded_minor += amount.minor
                intent.refund_keys = [*intent.refund_keys, key]
                intent.save(update_fields=["refunded_minor", "refund_keys"])
        return RefundReading(ref=f"re_{ref}_{len(intent.refund_keys)}", succeeded=True)

    def _intent(self, ref: str) -> PracticeIntent:
        try:
            return PracticeIntent.objects.get(ref=ref)
        except PracticeIntent.DoesNotExist as missing:
            raise GatewayDown from missing


class Decision(NamedTuple):
    """A card that is charged for an intent; `answers_at` when its bank takes its time."""

    number: str
    answers_at: datetime | None
    ref: str


def _open_together(subject: str, intents: Sequence[PracticeIntent]) -> Sequence[PracticeIntent]:
    PracticeIntent.objects.bulk_create(intents, ignore_conflicts=True)
    return intents


def _decide_together(subject: str, decisions: Sequence[Decision]) -> list[PracticeIntent | Exception]:
    for (number, answers_at), some in groupby(sorted(decisions, key=_alike), key=_alike):
        state, failure = _verdict(number)
        # Guarded: a repeat finds what the first one did.
        PracticeIntent.objects.filter(ref__in=[decision.ref for decision in some], state="new").update(
            state=state,
            failure_code=failure,
            card_last4=number[-4:],
            answers_at=answers_at or None,
            answers_twice=number == ANSWERS_TWICE,
        )
    intents = {intent.ref: intent for intent in PracticeIntent.objects.filter(ref__in=[one.ref for one in decisions])}
    return [intents.get(decision.ref) or GatewayDown() for decision in decisions]


def _alike(decision: Decision) -> tuple[str, datetime | str]:
    return decision.number, decision.answers_at or ""


_opening: Batch[PracticeIntent, PracticeIntent] = Batch("bank.open", _open_together)
_deciding: Batch[Decision, PracticeIntent] = Batch("bank.decide", _decide_together)


def _reading(intent: PracticeIntent) -> Reading:
    return Reading(
        ref=intent.ref,
        state=_bank_state(intent.state),
        amount=Money(intent.amount_minor, intent.currency),
        client_secret=intent.client_secret,
        failure_code=intent.failure_code,
        failure_text=_FAILURES.get(intent.failure_code, ""),
        card_brand="Visa" if intent.card_last4 else "",
        card_last4=intent.card_last4,
    )


def _mark(kind: str, key: str) -> str:
    return salted_hmac(f"practice bank {kind}", key, algorithm="sha256").hexdigest()


def practice_hints() -> list[tuple[str, str]]:
    """List the practice cards as people read them: in groups of four."""
    return [(" ".join(card[at : at + 4] for at in range(0, 16, 4)), does) for card, does in PRACTICE_CARDS.items()]


def digits_of(typed: str) -> str:
    """Return the number without the blanks and dashes that people type; empty when anything else is in it."""
    bare = re.sub(r"[\s-]", "", typed)
    return bare if bare.isascii() and bare.isdigit() else ""


def _verdict(number: str) -> tuple[BankState, str]:
    if number == DECLINED:
        return "failed", "card_declined"
    if number == NO_FUNDS:
        return "failed", "insufficient_funds"
    if number == ASKS_FOR_3DS:
        return "requires_action", ""
    if number in {ANSWERS_LATE, NEVER_ANSWERS}:
        return "processing", ""
    return "succeeded", ""


def _bank_state(state: str) -> BankState:
    states: dict[str, BankState] = {
        "new": "new",
        "processing": "processing",
        "requires_action": "requires_action",
        "succeeded": "succeeded",
        "failed": "failed",
        "cancelled": "cancelled",
    }
    return states[state]


def _check_expiry(expiry: str, now: datetime) -> None:
    """Take MM/YY or MM/YYYY; an empty one is left to the bank, which practice does not mind."""
    if not expiry.strip():
        return
    found = re.fullmatch(r"\s*(\d{1,2})\s*[/.-]?\s*(?:20)?(\d{2})\s*", expiry)
    month, year = (int(found[1]), 2000 + int(found[2])) if found else (0, 0)
    if not 1 <= month <= 12:  # noqa: PLR2004
        raise CardRefused("The expiry date is month and year.", fields={"expiry": "Month and year, like 08/28."})
    if (year, month) < (now.year, now.month):
        raise CardRefused("This card has expired. Use another one.", fields={"expiry": "This card has expired."})


def _luhn(number: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004
