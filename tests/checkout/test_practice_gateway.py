"""The practice bank: behaves as a bank does, and never takes a card that is not its own."""

from datetime import UTC, datetime, timedelta

import pytest

from checkout.gateways.base import Card, CardRefused
from checkout.gateways.practice import (
    ANSWERS_LATE,
    ASKS_FOR_3DS,
    DECLINED,
    NEVER_ANSWERS,
    NO_FUNDS,
    PRACTICE_CARDS,
    SUCCEEDS,
    PracticeGateway,
    practice_hints,
)
from checkout.models import PracticeIntent
from livecommerce.money import Money

pytestmark = pytest.mark.django_db

PRICE = Money(4290, "EUR")
NOW = datetime(2026, 11, 21, 19, 31, tzinfo=UTC)


@pytest.fixture
def bank() -> PracticeGateway:
    return PracticeGateway(clock=lambda: NOW)


def test_the_same_key_finds_the_same_intent(bank: PracticeGateway) -> None:
    first = bank.open_intent(key="order:1:pi:1", amount=PRICE, reference="R7K2-481")

    assert bank.open_intent(key="order:1:pi:1", amount=PRICE, reference="R7K2-481") == first


@pytest.mark.parametrize(
    ("number", "state", "failure"),
    [
        (SUCCEEDS, "succeeded", ""),
        (DECLINED, "failed", "card_declined"),
        (NO_FUNDS, "failed", "insufficient_funds"),
        (ASKS_FOR_3DS, "requires_action", ""),
        (ANSWERS_LATE, "processing", ""),
        (NEVER_ANSWERS, "processing", ""),
    ],
)
def test_each_card_does_what_is_written_of_it(bank: PracticeGateway, number: str, state: str, failure: str) -> None:
    ref = bank.open_intent(key="k", amount=PRICE, reference="r").ref

    answer = bank.confirm(ref=ref, card=Card(number=number))

    assert (answer.state, answer.failure_code) == (state, failure)


def test_confirming_twice_charges_once(bank: PracticeGateway) -> None:
    ref = bank.open_intent(key="k", amount=PRICE, reference="r").ref
    bank.confirm(ref=ref, card=Card(number=DECLINED))

    assert bank.confirm(ref=ref, card=Card(number=SUCCEEDS)).state == "failed"


def test_a_late_answer_comes_late_and_giving_up_then_says_that_it_came() -> None:
    clock = [NOW]
    bank = PracticeGateway(clock=lambda: clock[0])
    ref = bank.open_intent(key="k", amount=PRICE, reference="r").ref
    bank.confirm(ref=ref, card=Card(number=ANSWERS_LATE))

    clock[0] += timedelta(seconds=9)

    assert bank.cancel(ref=ref).state == "succeeded"


def test_a_refund_with_the_same_key_moves_money_once_and_never_more_than_came(bank: PracticeGateway) -> None:
    ref = bank.open_intent(key="k", amount=PRICE, reference="r").ref
    bank.confirm(ref=ref, card=Card(number=SUCCEEDS))

    answers = [bank.refund(ref=ref, amount=PRICE, key="refund:1") for _ in range(2)]

    assert [answer.succeeded for answer in answers] == [True, True]
    assert PracticeIntent.objects.get().refunded_minor == PRICE.minor
    assert not bank.refund(ref=ref, amount=Money(1, "EUR"), key="refund:2").succeeded


@pytest.mark.parametrize(
    ("card", "field"),
    [
        (Card(number=""), "card"),
        (Card(number="4242 4242 4242 4241"), "card"),
        (Card(number="4242"), "card"),
        (Card(number="abcd"), "card"),
        (Card(number="5555555555554444"), "card"),
        (Card(number=SUCCEEDS, expiry="13/30"), "expiry"),
        (Card(number=SUCCEEDS, expiry="10/26"), "expiry"),
        (Card(number=SUCCEEDS, expiry="soon"), "expiry"),
        (Card(number=SUCCEEDS, cvc="12"), "cvc"),
    ],
)
def test_a_card_that_cannot_be_right_is_told_beside_its_field(bank: PracticeGateway, card: Card, field: str) -> None:
    with pytest.raises(CardRefused) as refused:
        bank.check_card(card)

    assert set(refused.value.fields) == {field}


@pytest.mark.parametrize("expiry", ["11/26", "11 / 26", "1126", "11/2026", ""])
def test_expiry_dates_are_taken_as_people_type_them(bank: PracticeGateway, expiry: str) -> None:
    bank.check_card(Card(number="4242 4242 4242 4242", expiry=expiry, cvc=""))


def test_no_card_number_is_kept_or_shown(bank: PracticeGateway) -> None:
    ref = bank.open_intent(key="k", amount=PRICE, reference="r").ref
    bank.confirm(ref=ref, card=Card(number=SUCCEEDS, cvc="123"))

    assert SUCCEEDS not in str(PracticeIntent.objects.values().get())
    assert SUCCEEDS not in repr(Card(number=SUCCEEDS))
    assert "123" not in repr(Card(number=SUCCEEDS, cvc="123"))


def test_the_hints_are_the_cards_in_groups_of_four() -> None:
    assert practice_hints()[0] == ("4242 4242 4242 4242", "pays")
    assert len(practice_hints()) == len(PRACTICE_CARDS)
