"""One household, one limit: a new guest with the same mailbox, door or card is no new buyer of a drop."""

from datetime import timedelta

import pytest

from checkout.fair_play import HouseholdLimit
from checkout.gateways.practice import DECLINED, ONE_CARD, SUCCEEDS
from checkout.holds import expire_overdue_holds, release_hold
from checkout.ledger import ledger_of, ledger_wire
from checkout.models import FairShare, Hold, Order, Payment, PracticeIntent
from checkout.orders import place_order
from checkout.payments import pay_order
from livecommerce.accounts.visitors import mint_visitor
from streams.models import Drop
from tests.checkout.conftest import ADDRESS, EMAIL, card
from tests.checkout.races import race

pytestmark = pytest.mark.django_db

ELSEWHERE = {"name": "Ben Roth", "street": "Herrengasse 7", "postcode": "8010", "town": "Graz", "country": "AT"}
OTHER_EMAIL = "ben@example.test"


@pytest.fixture(autouse=True)
def all_of_it_counts(settings):
    settings.FAIR_PLAY = {"email", "address", "card"}


@pytest.fixture
def buy(hold_units, now):
    """`buy(drop=drop)`: a new guest holds two, orders and pays; e-mail, address and card may differ."""

    def act(*, number=SUCCEEDS, email=EMAIL, address=ADDRESS, **what):
        guest, _ = mint_visitor(now=now)
        hold = hold_units(guest, **what)
        order = place_order(
            buyer_id=guest.pk, hold_ids=[hold.pk], email=email, address=address, key=str(hold.pk), now=now
        )
        return pay_order(order_id=order.pk, card=card(number), now=now)

    return act


@pytest.mark.parametrize("email", [EMAIL, EMAIL.upper(), EMAIL.replace("@", "+second@")])
def test_one_mailbox_is_one_buyer(buy, drop_on_sale, email):
    buy(drop=drop_on_sale)

    with pytest.raises(HouseholdLimit, match="2 went to your e-mail"):
        buy(drop=drop_on_sale, email=email, address=ELSEWHERE)


@pytest.mark.parametrize("street", ["Lange Reihe 14", "LANGE-REIHE 14.", " lange  reihe 14"])
def test_one_door_is_one_buyer(buy, drop_on_sale, street):
    buy(drop=drop_on_sale)

    with pytest.raises(HouseholdLimit):
        buy(drop=drop_on_sale, email=OTHER_EMAIL, address=ADDRESS | {"name": "Ben Roth", "street": street})


def test_one_card_is_one_buyer(buy, drop_on_sale):
    buy(drop=drop_on_sale, number=ONE_CARD)

    with pytest.raises(HouseholdLimit):
        buy(drop=drop_on_sale, number=ONE_CARD, email=OTHER_EMAIL, address=ELSEWHERE)
    assert buy(drop=drop_on_sale, email=OTHER_EMAIL, address=ELSEWHERE).state == Payment.State.SUCCEEDED


def test_another_household_another_drop_and_the_shop_are_free(buy, drop_on_sale, drop_of, product, variant):
    buy(drop=drop_on_sale)
    clay = product.variants.exclude(pk=variant.pk).get()

    for what in (
        {"drop": drop_on_sale, "email": OTHER_EMAIL, "address": ELSEWHERE},
        {"drop": drop_of(5, items=[(clay, 5)], alongside=True)},
        {"variant": variant},
    ):
        assert buy(**what).state == Payment.State.SUCCEEDED


def test_who_is_over_the_limit_is_not_charged_and_keeps_the_hold(buy, drop_on_sale, now):
    buy(drop=drop_on_sale, number=ONE_CARD)
    with pytest.raises(HouseholdLimit):
        buy(drop=drop_on_sale)
    with pytest.raises(HouseholdLimit):
        buy(drop=drop_on_sale, number=ONE_CARD, email=OTHER_EMAIL, address=ELSEWHERE)

    early, late = Hold.objects.filter(state=Hold.State.HELD).order_by("pk")
    assert list(PracticeIntent.objects.values_list("state", flat=True)) == ["succeeded"]
    # Both are held as before: one buyer lets go, the other lets it run out.
    release_hold(hold_id=early.pk, buyer_id=early.buyer_id, now=now)
    assert expire_overdue_holds(now=now + timedelta(minutes=6)) == 1
    assert drop_on_sale.items.get().stock.taken == 2
    late.refresh_from_db()
    assert late.state == Hold.State.EXPIRED


def test_a_declined_card_counts_for_nobody(buy, drop_on_sale):
    assert buy(drop=drop_on_sale, number=DECLINED).state == Payment.State.FAILED

    assert buy(drop=drop_on_sale).state == Payment.State.SUCCEEDED


def test_a_buyer_may_pay_again_with_the_card_that_was_declined_for_another_reason(buy, drop_on_sale, now):
    declined = buy(drop=drop_on_sale, number=DECLINED)

    again = pay_order(order_id=declined.order_id, card=card(ONE_CARD), now=now)

    assert again.state == Payment.State.SUCCEEDED


def test_what_is_kept_names_nobody(buy, drop_on_sale, drop_of, product, variant, now):
    clay = product.variants.exclude(pk=variant.pk).get()
    buy(drop=drop_on_sale)
    buy(drop=drop_of(5, items=[(clay, 5)], alongside=True))

    keys = list(FairShare.objects.values_list("key", flat=True))
    assert len(set(keys)) == len(keys) == 4
    ledger = str(ledger_wire(ledger_of(Drop.objects.with_units().get(pk=drop_on_sale.pk), now)))
    assert not any(key in ledger for key in keys)


@pytest.mark.parametrize("counting", [{"card"}, {"off"}, {"email"}])
def test_an_operator_says_what_counts(buy, drop_on_sale, settings, counting):
    settings.FAIR_PLAY = counting
    buy(drop=drop_on_sale)

    assert buy(drop=drop_on_sale, email=OTHER_EMAIL).state == Payment.State.SUCCEEDED


def test_the_api_says_why(buy, drop_on_sale, viewer, hold_units, client_of):
    buy(drop=drop_on_sale)
    hold = hold_units(viewer, drop=drop_on_sale)
    browser = client_of(viewer)
    wanted = {"holds": [hold.pk], "email": EMAIL, "address": ADDRESS, "key": "k"}
    order = browser.post("/api/v1/orders", wanted, content_type="application/json").json()

    answer = browser.post(f"/api/v1/orders/{order['code']}/pay", {"card": SUCCEEDS}, content_type="application/json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "drop.household_limit")
    hold.refresh_from_db()
    assert hold.state == Hold.State.HELD


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_two_of_a_household_who_pay_at_once_are_still_one(drop_of, crowd, guarded):
    """And the control: when nobody looks, each of them gets theirs."""
    drop = drop_of(20, per_buyer=1)

    told = race(
        "payers.pay_as_one_household",
        processes=4,
        drop=drop.pk,
        buyers=crowd(4),
        without="" if guarded else "household",
    )

    paid = Order.objects.filter(state=Order.State.PAID).count()
    assert paid == (1 if guarded else 4)
    assert sorted(told) == sorted(["paid"] * paid + ["drop.household_limit"] * (4 - paid))
    assert Hold.objects.filter(state=Hold.State.HELD).count() == 4 - paid
