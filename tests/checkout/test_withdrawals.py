"""Withdrawals: who may, until when, what goes back, and that it happens once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client

from catalog.models import Stock, StockEntry, Variant
from checkout.addresses import AddressIncomplete
from checkout.audit import breaches
from checkout.ledger import ledger_of
from checkout.links import order_path, order_token
from checkout.models import BuyerQuota, Hold, Order, QueuePlace, Refund, Withdrawal
from checkout.outbox import run_outbox
from checkout.parcels import mark_shipped
from checkout.refunds import refund_order
from checkout.restocking import restock_order
from checkout.tasks import DEEDS
from checkout.withdrawals import (
    AlreadyRefunded,
    NothingPaid,
    WithdrawalOver,
    can_withdraw,
    withdraw,
    withdrawable_until,
)
from livecommerce.accounts.models import Visitor
from livecommerce.accounts.visitors import guest_token
from streams.drops import close_drop
from streams.models import Drop
from tests.checkout.conftest import HoldUnits, OrderUnits, pay
from tests.checkout.races import race


@pytest.fixture
def paid_order(pending_order: Order, now: datetime) -> Order:
    """Ana's order of two cups of the drop: EUR 42.00 and EUR 4.90 for the parcel."""
    pay(pending_order, now)
    pending_order.refresh_from_db()
    return pending_order


@pytest.fixture
def shop_order(viewer: Visitor, variant: Variant, hold_units: HoldUnits, order_units: OrderUnits, now: datetime):
    order = order_units(viewer, hold_units(viewer, variant=variant))
    pay(order, now)
    return order


def state_of(order: Order) -> str:
    return Order.objects.get(pk=order.pk).state


def shop_left(variant_id: int) -> int:
    return Stock.objects.shop().get(variant=variant_id).left


def test_all_the_money_goes_back_and_the_delivery_with_it(paid_order: Order, now: datetime) -> None:
    withdraw(order_id=paid_order.pk, now=now)

    assert state_of(paid_order) == Order.State.REFUND_DUE
    run_outbox(deeds=DEEDS, now=now)
    assert state_of(paid_order) == Order.State.REFUNDED
    assert Refund.objects.get().amount_minor == 4690 == paid_order.total_minor


def test_the_receipt_says_what_was_stated_and_when(paid_order: Order, now: datetime) -> None:
    mail.outbox.clear()
    withdraw(order_id=paid_order.pk, name="Ana L.", email="other@example.test", now=now)
    run_outbox(deeds=DEEDS, now=now)

    (receipt,) = [letter for letter in mail.outbox if "withdrew" in letter.subject]
    assert receipt.to == ["other@example.test"]
    assert f"{now.astimezone(UTC):%H:%M:%S} UTC by Ana L." in receipt.body
    assert str(paid_order.total) in receipt.body
    assert "nothing to send back" in receipt.body
    assert not [letter for letter in mail.outbox if "money" in letter.subject]


def test_a_receipt_that_cannot_be_sent_is_refused_and_nothing_changes(paid_order: Order, now: datetime) -> None:
    with pytest.raises(AddressIncomplete) as refused:
        withdraw(order_id=paid_order.pk, name="x" * 121, email="nowhere", now=now)

    assert set(refused.value.fields) == {"name", "email"}
    assert state_of(paid_order) == Order.State.PAID
    assert not Withdrawal.objects.exists()


def test_twice_is_once(paid_order: Order, now: datetime) -> None:
    first = withdraw(order_id=paid_order.pk, now=now)
    again = withdraw(order_id=paid_order.pk, now=now + timedelta(days=40))

    assert first == again
    assert Refund.objects.count() == 1


def test_nothing_is_withdrawn_that_is_not_paid(pending_order: Order, now: datetime) -> None:
    with pytest.raises(NothingPaid):
        withdraw(order_id=pending_order.pk, now=now)
    assert not can_withdraw(pending_order, now)


def test_money_that_went_back_does_not_go_back_again(paid_order: Order, now: datetime) -> None:
    refund_order(order_id=paid_order.pk, restock=True, actor=None, now=now)

    with pytest.raises(AlreadyRefunded):
        withdraw(order_id=paid_order.pk, now=now)
    assert Refund.objects.count() == 1


class TestTheTime:
    def test_it_has_not_begun_while_the_parcel_has_not_arrived(self, paid_order: Order, now: datetime) -> None:
        mark_shipped(order_id=paid_order.pk, now=now)

        assert withdrawable_until(paid_order) is None
        assert withdraw(order_id=paid_order.pk, now=now + timedelta(days=400))

    @pytest.mark.parametrize(
        ("arrived", "ends"),
        [
            # A Wednesday and the end of the Wednesday two weeks later.
            (datetime(2026, 11, 25, 11, 47, tzinfo=UTC), datetime(2026, 12, 10, tzinfo=UTC)),
            # Two weeks after a Saturday, and a Sunday, is a weekend: Monday counts whole.
            (datetime(2026, 11, 21, 9, 0, tzinfo=UTC), datetime(2026, 12, 8, tzinfo=UTC)),
            (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), datetime(2026, 12, 8, tzinfo=UTC)),
        ],
    )
    def test_it_ends_with_the_fourteenth_day(self, paid_order: Order, arrived: datetime, ends: datetime) -> None:
        Order.objects.filter(pk=paid_order.pk).update(shipped_at=arrived, delivered_at=arrived)
        paid_order.refresh_from_db()

        assert withdrawable_until(paid_order) == ends
        assert can_withdraw(paid_order, ends - timedelta(seconds=1))
        assert not can_withdraw(paid_order, ends)

    def test_afterwards_it_is_refused_with_the_day(self, paid_order: Order, now: datetime) -> None:
        arrived = datetime(2026, 11, 25, 11, 47, tzinfo=UTC)
        Order.objects.filter(pk=paid_order.pk).update(shipped_at=arrived, delivered_at=arrived)

        with pytest.raises(WithdrawalOver, match="9 December 2026"):
            withdraw(order_id=paid_order.pk, now=datetime(2026, 12, 10, tzinfo=UTC))
        assert state_of(paid_order) == Order.State.PAID
        assert withdraw(order_id=paid_order.pk, now=datetime(2026, 12, 9, 23, 59, tzinfo=UTC))


class TestTheUnits:
    def test_what_never_left_is_for_sale_again_at_once(self, shop_order: Order, variant: Variant, now: datetime):
        before = shop_left(variant.pk)

        withdraw(order_id=shop_order.pk, now=now)

        assert shop_left(variant.pk) == before + 2
        assert Hold.objects.get().state == Hold.State.RETURNED
        kinds = StockEntry.objects.filter(kind="taken_back").values_list("chain", "quantity")
        assert sorted(kinds) == [("sales", -2), ("units", -2)]

    def test_of_a_drop_that_is_over_they_go_to_the_shop(
        self, paid_order: Order, drop_on_sale: Drop, now: datetime
    ) -> None:
        close_drop(drop=drop_on_sale, now=now)
        variant = Hold.objects.get().variant_id
        before = shop_left(variant)

        withdraw(order_id=paid_order.pk, now=now)

        assert shop_left(variant) == before + 2
        drop_row = Stock.objects.get(drop_item__drop=drop_on_sale)
        assert (drop_row.on_hand, drop_row.taken) == (0, 0)
        account = ledger_of(drop_on_sale, now)
        assert (account.sold, account.taken_back, account.adds_up) == (0, 2, True)
        assert account.allotted == account.sold + account.returned + account.pending
        assert BuyerQuota.objects.get().units == 0

    def test_of_a_drop_that_runs_they_go_to_the_next_in_line(
        self,
        viewer: Visitor,
        rival_viewer: Visitor,
        drop_on_sale: Drop,
        hold_units: HoldUnits,
        paid_order: Order,
        now: datetime,
    ) -> None:
        from checkout.queue import join_queue

        row = Stock.objects.get(drop_item__drop=drop_on_sale)
        others = [Visitor.objects.create() for _ in range(row.left // 2)]
        for other in others:
            hold_units(other, drop=drop_on_sale)
        place = join_queue(drop_id=drop_on_sale.pk, buyer_id=rival_viewer.pk, now=now)
        assert place

        withdraw(order_id=paid_order.pk, now=now)

        assert QueuePlace.objects.get(buyer=rival_viewer).state == QueuePlace.State.OFFERED

    def test_what_was_shipped_waits_for_the_staff(
        self, shop_order: Order, variant: Variant, brand_staff, now: datetime
    ) -> None:
        mark_shipped(order_id=shop_order.pk, now=now)
        before = shop_left(variant.pk)

        withdraw(order_id=shop_order.pk, now=now)
        assert shop_left(variant.pk) == before

        assert restock_order(order_id=shop_order.pk, actor=brand_staff, now=now) == 2
        assert shop_left(variant.pk) == before + 2
        assert StockEntry.objects.get(kind="taken_back", chain="units").actor == brand_staff


class TestTheApi:
    def test_the_buyer_withdraws_and_gets_the_same_answer_again(self, client: Client, paid_order: Order) -> None:
        auth = {"HTTP_AUTHORIZATION": f"Bearer {guest_token(paid_order.buyer_id)}"}
        address = f"/api/v1/orders/{paid_order.code}/withdraw"

        answer = client.generic("POST", address, **auth)
        again = client.post(address, {}, content_type="application/json", **auth)

        assert (answer.status_code, answer.json()["state"]) == (200, "refund_due")
        assert answer.json()["withdrawn_at"] == again.json()["withdrawn_at"] is not None
        assert answer.json()["withdraw_until"] is None

    def test_the_signed_link_alone_is_enough(self, client: Client, paid_order: Order) -> None:
        answer = client.generic(
            "POST", f"/api/v1/orders/{paid_order.code}/withdraw?token={order_token(paid_order.code)}"
        )

        assert (answer.status_code, answer.json()["state"]) == (200, "refund_due")

    def test_for_others_the_order_is_not_there(
        self, client: Client, paid_order: Order, rival_viewer: Visitor, order_units: OrderUnits
    ) -> None:
        address = f"/api/v1/orders/{paid_order.code}/withdraw"
        auth = {"HTTP_AUTHORIZATION": f"Bearer {guest_token(rival_viewer.pk)}"}

        assert client.generic("POST", address, **auth).status_code == 404
        assert client.generic("POST", f"{address}?token={order_token('AAAA-111')}", **auth).status_code == 404
        assert client.generic("POST", address).status_code == 401
        assert state_of(paid_order) == Order.State.PAID

    def test_a_refusal_has_words(self, client: Client, pending_order: Order) -> None:
        token = order_token(pending_order.code)

        answer = client.generic("POST", f"/api/v1/orders/{pending_order.code}/withdraw?token={token}")

        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "withdrawal.not_paid")


class TestThePage:
    def test_it_takes_two_steps_and_shows_the_receipt(self, client: Client, paid_order: Order) -> None:
        page = client.get(order_path(paid_order.code)).content.decode()
        assert "Withdraw from contract here" in page
        assert "Confirm withdrawal" in page

        query = order_path(paid_order.code).partition("?")[2]
        posted = {"name": "Ana Lopes", "email": "ana@example.test"}
        answer = client.post(f"/orders/{paid_order.code}/withdraw/?{query}", posted, follow=True)

        page = answer.content.decode()
        assert "You withdrew from this contract" in page
        assert "The receipt goes to ana@example.test" in page
        assert "Confirm withdrawal" not in page

    def test_a_slip_is_said_and_nothing_changes(self, client: Client, paid_order: Order) -> None:
        query = order_path(paid_order.code).partition("?")[2]

        answer = client.post(f"/orders/{paid_order.code}/withdraw/?{query}", {"name": "Ana", "email": "nowhere"})

        assert "The receipt needs a name and an address" in answer.content.decode()
        assert state_of(paid_order) == Order.State.PAID

    def test_when_the_time_is_over_the_page_says_until_when_it_was(self, client: Client, paid_order: Order) -> None:
        arrived = datetime(2025, 11, 25, 11, 47, tzinfo=UTC)
        Order.objects.filter(pk=paid_order.pk).update(shipped_at=arrived, delivered_at=arrived)

        page = client.get(order_path(paid_order.code)).content.decode()

        assert "The time to withdraw ended on" in page
        assert "Confirm withdrawal" not in page

    def test_strangers_cannot(self, client: Client, paid_order: Order) -> None:
        assert client.post(f"/orders/{paid_order.code}/withdraw/").status_code == 404

    def test_an_unpaid_order_has_no_such_button(self, client: Client, pending_order: Order) -> None:
        assert "Withdraw from contract here" not in client.get(order_path(pending_order.code)).content.decode()


_WITHDRAW = """
from checkout.withdrawals import withdraw
from livecommerce.clock import database_now
result = [withdraw(order_id={order}, now=database_now()).pk for _ in range(5)]
"""
WITHDRAW_OR_REFUND = """
from checkout.refunds import refund_order
from checkout.withdrawals import withdraw
from livecommerce.clock import database_now
from livecommerce.errors import Refused
try:
    if me % 2:
        refund_order(order_id={order}, restock=True, actor=None, now=database_now())
    else:
        withdraw(order_id={order}, now=database_now())
    result = "done"
except Refused as refused:
    result = refused.code
"""


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_many_who_withdraw_at_once_withdraw_once(self, paid_order: Order) -> None:
        told = race("run", processes=4, code=_WITHDRAW.format(order=paid_order.pk))

        assert len({pk for one in told for pk in one}) == 1
        assert (Withdrawal.objects.count(), Refund.objects.count()) == (1, 1)

    def test_withdrawal_and_refund_at_once_give_the_money_back_once(self, paid_order: Order) -> None:
        told = race("run", processes=4, code=WITHDRAW_OR_REFUND.format(order=paid_order.pk))

        assert Refund.objects.count() == 1, told
        assert state_of(paid_order) == Order.State.REFUND_DUE


def test_the_audit_finds_a_withdrawal_without_its_money(paid_order: Order, now: datetime) -> None:
    withdraw(order_id=paid_order.pk, now=now)
    Refund.objects.update(reason="by_seller")

    assert any(breach.startswith("withdrawals:") for breach in breaches())
    Refund.objects.update(reason="withdrawn")


def test_the_audit_finds_goods_on_sale_that_their_buyer_owns(paid_order: Order, now: datetime) -> None:
    withdraw(order_id=paid_order.pk, now=now)
    Order.objects.update(state=Order.State.PAID)

    assert any("on sale again" in breach for breach in breaches())
    Order.objects.update(state=Order.State.REFUND_DUE)
