"""The API of bags and orders, as the contract has it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from checkout.gateways.practice import ANSWERS_LATE, ASKS_FOR_3DS, DECLINED, SUCCEEDS
from checkout.models import Code, Hold, Order
from livecommerce.accounts.models import Visitor
from livecommerce.accounts.visitors import guest_token
from tests.checkout.conftest import ADDRESS, EMAIL

Call = Callable[..., Any]


@pytest.fixture
def call(viewer: Visitor) -> Call:
    """`call("POST", "orders", {...})` as Ana, with her token."""

    def call(method: str, path: str, body: object = None, *, visitor: Visitor | None = viewer, **headers: str) -> Any:
        if visitor:
            headers["Authorization"] = f"Bearer {guest_token(visitor.pk)}"
        send = getattr(Client(enforce_csrf_checks=True), method.lower())
        if method == "GET":
            return send(f"/api/v1/{path}", headers=headers)
        return send(f"/api/v1/{path}", body, content_type="application/json", headers=headers)

    return call


def order_body(*holds: Hold, **other: object) -> dict[str, object]:
    return {"holds": [hold.pk for hold in holds], "email": EMAIL, "address": ADDRESS, "key": "tap", **other}


def test_an_order_is_made_and_paid(call: Call, held: Hold) -> None:
    made = call("POST", "orders", order_body(held))
    assert made.status_code == 201
    order = made.json()
    assert (order["state"], order["total"], order["currency"]) == ("pending", 4690, "EUR")
    assert [(line["quantity"], line["total"]) for line in order["lines"]] == [(2, {"amount": 4200, "currency": "EUR"})]
    assert order["payment"]["provider"] == "practice"
    assert order["payment"]["client_secret"]

    paid = call("POST", f"orders/{order['code']}/pay", {"card": SUCCEEDS})

    assert paid.status_code == 200
    assert (paid.json()["state"], paid.json()["payment"]["state"]) == ("paid", "succeeded")


def test_the_same_key_answers_the_same_order(call: Call, held: Hold) -> None:
    codes = {call("POST", "orders", order_body(held)).json()["code"] for _ in range(3)}

    assert len(codes) == 1


def test_a_declined_card_is_402_in_words_and_the_next_may_pay(call: Call, held: Hold) -> None:
    code = call("POST", "orders", order_body(held)).json()["code"]

    declined = call("POST", f"orders/{code}/pay", {"card": DECLINED})

    assert declined.status_code == 402
    error = declined.json()["error"]
    assert error["code"] == "payment.declined"
    assert "Nothing was charged" in error["message"]
    assert call("POST", f"orders/{code}/pay", {"card": SUCCEEDS}).json()["state"] == "paid"


def test_the_bank_may_ask_first(call: Call, held: Hold) -> None:
    code = call("POST", "orders", order_body(held)).json()["code"]

    asked = call("POST", f"orders/{code}/pay", {"card": ASKS_FOR_3DS}).json()
    assert asked["payment"]["state"] == "requires_action"
    assert f"/orders/{code}/bank-check/" in asked["payment"]["check_url"]

    assert call("POST", f"orders/{code}/pay", {"check": "agree"}).json()["state"] == "paid"


def test_a_late_bank_reads_as_processing(call: Call, held: Hold) -> None:
    code = call("POST", "orders", order_body(held)).json()["code"]

    waiting = call("POST", f"orders/{code}/pay", {"card": ANSWERS_LATE}).json()

    assert (waiting["state"], waiting["payment"]["state"]) == ("pending", "processing")
    assert call("GET", f"orders/{code}").json()["payment"]["state"] == "processing"


def test_an_order_is_for_its_buyer_or_its_token(call: Call, held: Hold, rival_viewer: Visitor) -> None:
    order = call("POST", "orders", order_body(held)).json()
    path = f"orders/{order['code']}"

    for stranger in (None, rival_viewer):
        assert call("GET", path, visitor=stranger).status_code == 404
        assert call("GET", f"{path}?token=guess", visitor=stranger).status_code == 404
        assert call("GET", f"{path}?token={order['token']}", visitor=stranger).json()["code"] == order["code"]
    assert call("POST", f"{path}/pay", {"card": SUCCEEDS}, visitor=rival_viewer).status_code == 404
    assert call("POST", f"{path}/pay", {"card": SUCCEEDS}, visitor=None).status_code in {401, 403}


def test_a_code_takes_its_part_off_and_the_order_says_which(call: Call, held: Hold, table4: Code) -> None:
    made = call("POST", "orders", order_body(held, codes=["table4"], total=4290))

    assert made.status_code == 201
    order = made.json()
    assert (order["total"], order["codes"]) == (4290, ["TABLE4"])
    assert order["discount"] == order["lines"][0]["discount"] == {"amount": 400, "currency": "EUR"}
    assert call("POST", f"orders/{order['code']}/pay", {"card": SUCCEEDS}).json()["codes"] == ["TABLE4"]


def test_a_code_that_does_not_count_is_a_refusal_in_words(call: Call, held: Hold, table4: Code) -> None:
    Code.objects.update(least_goods_minor=5000)

    refused = call("POST", "orders", order_body(held, codes=["TABLE4"]))

    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "code.needs_more"
    assert "EUR\u00a08.00 more" in refused.json()["error"]["message"]
    assert call("POST", "orders", order_body(held)).json()["codes"] == []


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"holds": []}, 422, "bad_input"),
        ({"holds": [987654]}, 409, "order.nothing_held"),
        ({"email": "ana"}, 422, "order.address_incomplete"),
        ({"address": {}}, 422, "order.address_incomplete"),
        ({"codes": ["TABLE4"]}, 404, "code.not_found"),
        ({"codes": ["TABLE4", "TABLE5"]}, 422, "code.several"),
        ({"codes": ["T" * 65]}, 422, "bad_input"),
        ({"use_points": True}, 422, "order.no_points"),
        ({"key": ""}, 422, "bad_input"),
    ],
)
def test_what_cannot_be_ordered_is_told_in_words(
    call: Call, held: Hold, change: dict[str, object], status: int, code: str
) -> None:
    refused = call("POST", "orders", order_body(held) | change)

    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert not Order.objects.exists()


@pytest.mark.parametrize("change", [{"codes": [5]}, {"holds": ["x"]}])
def test_what_is_wrong_in_a_list_is_told_by_its_name(call: Call, held: Hold, change: dict[str, object]) -> None:
    refused = call("POST", "orders", order_body(held) | change)

    assert list(refused.json()["error"]["fields"]) == list(change)


@pytest.mark.parametrize("body", [{}, {"check": "perhaps"}, {"card": "1"}])
def test_what_cannot_be_paid_with_is_told_in_words(call: Call, held: Hold, body: dict[str, str]) -> None:
    code = call("POST", "orders", order_body(held)).json()["code"]

    refused = call("POST", f"orders/{code}/pay", body)

    assert refused.status_code == 422
    assert refused.json()["error"]["fields"]


def test_the_cart_is_what_is_held(call: Call, held: Hold) -> None:
    cart = call("GET", "cart").json()

    assert cart["units"] == 2
    assert cart["sellers"][0]["holds"][0]["id"] == held.pk
    assert cart["sellers"][0]["totals"]["total"] == {"amount": 4690, "currency": "EUR"}
    assert call("GET", "cart", visitor=None).json() == {"units": 0, "sellers": []}


def test_an_address_may_use_the_field_names_of_other_shops(call: Call, held: Hold) -> None:
    address = {"name": "Ana Lopes", "line1": "Weg 1", "city": "Leipzig", "postal_code": "04109", "country": "DE"}

    made = call("POST", "orders", order_body(held, address=address))

    assert made.status_code == 201
    assert Order.objects.get().address["town"] == "Leipzig"
