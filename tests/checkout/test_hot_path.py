"""The hot path: how many times the database is asked between "Pay now" and "paid". More than this has to be meant."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from checkout.models import Order
from checkout.orders import placing
from checkout.payments import settling
from checkout.placing import Wish
from checkout.settling import Answer
from livecommerce.accounts.models import Visitor
from livecommerce.accounts.visitors import guest_token
from streams.models import Drop
from tests.checkout.conftest import ADDRESS, EMAIL, HoldUnits

PLACING, PAYING = 12, 20


def asked(queries: CaptureQueriesContext) -> int:
    """Count statements; savepoints of the test's own transaction are none of the product's."""
    return sum("SAVEPOINT" not in query["sql"] for query in queries.captured_queries)


def test_one_order_asks_the_database_a_known_number_of_times(
    client: Client, rival_viewer: Visitor, drop_on_sale: Drop, hold_units: HoldUnits
) -> None:
    hold = hold_units(rival_viewer, drop=drop_on_sale)
    wanted = {"holds": [hold.pk], "email": EMAIL, "address": ADDRESS, "key": "k"}
    auth = {"HTTP_AUTHORIZATION": f"Bearer {guest_token(rival_viewer.pk)}", "content_type": "application/json"}

    with CaptureQueriesContext(connection) as placing_it:
        code = client.post("/api/v1/orders", wanted, **auth).json()["code"]
    with CaptureQueriesContext(connection) as paying_it:
        paid = client.post(f"/api/v1/orders/{code}/pay", {"card": "4242424242424242"}, **auth).json()

    assert paid["state"] == "paid"
    assert asked(placing_it) <= PLACING
    assert asked(paying_it) <= PAYING


@pytest.mark.parametrize("many", [2, 5])
def test_orders_that_come_at_once_share_what_they_ask(
    many: int, drop_on_sale: Drop, hold_units: HoldUnits, django_capture_on_commit_callbacks, now
) -> None:
    from checkout.addresses import Address
    from checkout.attempts import announce
    from checkout.gateways import gateway
    from checkout.gateways.base import Card

    wishes = []
    for _ in range(many):
        buyer = Visitor.objects.create()
        hold = hold_units(buyer, drop=drop_on_sale, quantity=1)
        address = Address(**ADDRESS)
        wishes.append(
            Wish(
                buyer_id=buyer.pk, hold_ids=(hold.pk,), email=EMAIL, address=address, key="k", total_seen=None, now=now
            )
        )

    with CaptureQueriesContext(connection) as queries:
        orders = placing._decide("orders", wishes)
    assert asked(queries) == 9

    answers = []
    for order in orders:
        attempt = announce(order.payments.get())
        reading = gateway().confirm(ref=attempt.provider_ref, card=Card(number="4242424242424242"))
        answers.append(Answer(attempt.pk, reading, now))
    with CaptureQueriesContext(connection) as queries:
        settling._decide("payments", answers)
    assert asked(queries) == 13
    assert Order.objects.filter(state=Order.State.PAID).count() == many
