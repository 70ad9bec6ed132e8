"""The pages of bag and order, without scripts: every act is a form, every slip stands beside its field."""

import re
from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

import pytest
from django.test import Client

from catalog.models import Variant
from checkout.gateways.practice import ASKS_FOR_3DS, DECLINED, NEVER_ANSWERS, SUCCEEDS
from checkout.links import order_path, order_token
from checkout.models import Hold, Order
from checkout.payments import pay_order
from livecommerce.accounts.models import Visitor
from streams.models import Drop
from tests.checkout.conftest import ADDRESS, EMAIL, HoldUnits, card

ClientOf = Callable[[Visitor], Client]


@pytest.fixture
def ana(client_of: ClientOf, viewer: Visitor) -> Client:
    return client_of(viewer)


def filled(hold: Hold, number: str = SUCCEEDS, **other: str) -> dict[str, str]:
    typed = {**ADDRESS, "email": EMAIL, "card": number, "expiry": "08 / 31", "cvc": "123"}
    return {**typed, "holds": str(hold.pk), "key": "page", "seller": "kiln-kettle", **other}


def test_an_empty_bag_says_what_comes_there(client: Client, db: None) -> None:
    page = client.get("/cart/")

    assert page.status_code == 200
    assert "Nothing is held for you." in page.text


def test_a_guest_buys_without_scripts(client: Client, drop_on_sale: Drop, variant: Variant) -> None:
    held = client.post(
        "/cart/",
        {"drop": drop_on_sale.pk, "variant": variant.pk, "quantity": 2, "key": uuid4().hex, "show": "winter-table"},
    )
    assert held.status_code == 302
    bag = client.get("/cart/").text
    assert "Pay now EUR\u00a046.90" in bag
    hidden = dict(re.findall(r'<input type="hidden" name="(seller|holds|key)" value="([^"]+)">', bag))

    bought = client.post(
        "/cart/pay/", {**ADDRESS, "email": EMAIL, "card": SUCCEEDS, "expiry": "08/31", "cvc": "123", **hidden}
    )

    order = Order.objects.get()
    assert bought.headers["Location"] == order_path(order.code)
    page = client.get(bought.headers["Location"]).text
    assert "Paid, thank you" in page
    assert "46.90" in page


def test_above_the_button_stand_items_quantity_total_vat_delivery_and_seller(ana: Client, held: Hold) -> None:
    bag = ana.get("/cart/").text

    side = bag[bag.index("Your order") : bag.index("Pay now")]
    for fact in ("2 Stoneware cup, Sage", "Delivery", "46.90", "incl. 19 % VAT, EUR\u00a07.49"):
        assert fact in side
    assert "Your contract is with Kiln &amp; Kettle B.V." in bag


def test_all_slips_stand_beside_their_fields_and_nothing_typed_is_lost(ana: Client, held: Hold) -> None:
    page = ana.post("/cart/pay/", filled(held, "4242424242424241", postcode="", email="ana@"))

    assert page.status_code == 200
    assert 'id="id_postcode-error"' in page.text
    assert 'id="id_email-error"' in page.text
    assert 'id="card-error"' in page.text
    assert 'value="Lange Reihe 14"' in page.text
    assert not Order.objects.exists()


def test_a_declined_card_says_what_is_safe_and_is_never_written_back(ana: Client, held: Hold) -> None:
    page = ana.post("/cart/pay/", filled(held, DECLINED))

    assert page.status_code == 200
    assert "Your bank said no. Nothing was charged. It stays held for" in page.text
    assert DECLINED not in page.text
    assert 'name="key" value="page"' in page.text


def test_the_same_form_sent_again_after_a_declined_card_pays_the_same_order(ana: Client, held: Hold) -> None:
    ana.post("/cart/pay/", filled(held, DECLINED))

    ana.post("/cart/pay/", filled(held))
    ana.post("/cart/pay/", filled(held))

    order = Order.objects.get()
    assert order.state == Order.State.PAID
    assert order.payments.count() == 2


def test_the_bank_check_is_a_page_with_two_answers(ana: Client, held: Hold) -> None:
    asked = ana.post("/cart/pay/", filled(held, ASKS_FOR_3DS))
    assert "/bank-check/" in asked.headers["Location"]
    page = ana.get(asked.headers["Location"]).text
    assert "Do you pay EUR\u00a046.90 to Kiln &amp; Kettle B.V.?" in page

    ana.post(asked.headers["Location"], {"check": "agree"})

    assert Order.objects.get().state == Order.State.PAID
    assert ana.get(asked.headers["Location"]).status_code == 302


def test_refusing_the_check_shows_the_order_with_another_try(ana: Client, held: Hold) -> None:
    asked = ana.post("/cart/pay/", filled(held, ASKS_FOR_3DS))

    page = ana.post(asked.headers["Location"], {"check": "refuse"})

    assert page.status_code == 200
    assert "Pay this order" in page.text
    code = Order.objects.get().code
    ana.post(f"/orders/{code}/pay/", {"card": SUCCEEDS, "expiry": "08/31", "cvc": "123"})
    assert Order.objects.get().state == Order.State.PAID


def test_an_order_that_waits_for_its_bank_says_so(ana: Client, held: Hold) -> None:
    sent = ana.post("/cart/pay/", filled(held, NEVER_ANSWERS))

    assert "Waiting for your bank" in ana.get(sent.headers["Location"]).text
    assert "Your bank is deciding." in ana.get("/cart/").text


def test_a_stranger_finds_no_order_and_the_signed_link_finds_it(
    client: Client, client_of: ClientOf, rival_viewer: Visitor, pending_order: Order
) -> None:
    code = pending_order.code

    assert client.get(f"/orders/{code}/").status_code == 404
    assert client_of(rival_viewer).get(f"/orders/{code}/").status_code == 404
    assert client.get(f"/orders/{code}/?token=guess").status_code == 404
    assert client.get(f"/orders/{code}/?token={order_token(code)}").status_code == 200
    assert client.post(f"/orders/{code}/pay/", {"card": SUCCEEDS}).status_code == 404
    assert client.post(f"/orders/{code}/bank-check/", {"check": "agree"}).status_code == 404


def test_an_order_is_not_kept_by_caches_and_not_found_by_search(ana: Client, pending_order: Order) -> None:
    page = ana.get(f"/orders/{pending_order.code}/")

    assert "no-store" in page.headers["Cache-Control"]
    assert 'name="robots" content="noindex"' in page.text


def test_a_hold_is_made_longer_once_and_let_go_by_forms(ana: Client, held: Hold) -> None:
    assert "Add 3 min, once" in ana.get("/cart/").text
    end = held.expires_at

    ana.post(f"/cart/holds/{held.pk}/extend/")
    held.refresh_from_db()
    assert held.expires_at > end
    assert "3 min added" in ana.get("/cart/").text

    ana.post(f"/cart/holds/{held.pk}/release/")
    held.refresh_from_db()
    assert held.state == Hold.State.RELEASED


def test_nobody_touches_the_hold_of_another(client_of: ClientOf, rival_viewer: Visitor, held: Hold) -> None:
    rival = client_of(rival_viewer)

    assert rival.post(f"/cart/holds/{held.pk}/release/").status_code == 404
    assert "Nothing is held for you any more." in rival.post("/cart/pay/", filled(held)).text

    held.refresh_from_db()
    assert held.state == Hold.State.HELD


def test_a_refused_hold_says_why_in_the_bag(client: Client, drop_on_sale: Drop, variant: Variant) -> None:
    page = client.post("/cart/", {"drop": drop_on_sale.pk, "variant": variant.pk, "quantity": 9, "key": "k"})

    assert page.status_code == 200
    assert 'role="alert"' in page.text


def test_the_next_order_offers_the_address_of_the_last(
    ana: Client, viewer: Visitor, pending_order: Order, variant: Variant, hold_units: HoldUnits, now: datetime
) -> None:
    pay_order(order_id=pending_order.pk, card=card(), now=now)
    hold_units(viewer, variant=variant, quantity=1)

    assert 'value="Lange Reihe 14"' in ana.get("/cart/").text
