"""Holds, queue and drops over HTTP: the contract's answers, and who is refused."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from livecommerce.accounts.visitors import guest_token, mint_visitor
from streams.bans import ban_visitor
from streams.drops import close_drop
from streams.models import Drop
from tests.checkout.conftest import code_of

pytestmark = pytest.mark.django_db


class Caller:
    """A client that is no browser."""

    def __init__(self, client, token=None):
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, method, path, body=None):
        answer = self.client.generic(
            method, f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json", headers=self.headers
        )
        return answer.status_code, answer.json()


@pytest.fixture
def guest(client, now):
    return Caller(client, guest_token(mint_visitor(now=now)[0].pk))


@pytest.fixture
def host_calls(client, host):
    client.force_login(host.user, backend="django.contrib.auth.backends.ModelBackend")
    return Caller(client)


def test_a_hold_is_placed_made_longer_listed_and_let_go(guest, drop_on_sale):
    wanted = {"drop": drop_on_sale.pk, "quantity": 1, "key": "k1", "show": "winter-table"}

    status, answer = guest("POST", "holds", wanted)

    assert status == 200
    assert set(answer) == {"hold", "quantity", "expires_at", "price"}
    assert answer["price"] == {"amount": 2100, "currency": "EUR"}
    assert guest("POST", "holds", wanted) == (200, answer)
    assert guest("POST", f"holds/{answer['hold']}/extend")[1]["hold"]["can_extend"] is False
    assert [hold["id"] for hold in guest("GET", "holds")[1]] == [answer["hold"]]
    assert guest("DELETE", f"holds/{answer['hold']}")[0] == 200
    assert guest("GET", "holds")[1] == []


def test_refusals_have_code_and_words(guest, drop_on_sale):
    status, answer = guest("POST", "holds", {"drop": drop_on_sale.pk, "quantity": 9, "key": "k"})
    assert (status, answer["error"]["code"]) == (422, "bad_input")
    assert "quantity" in answer["error"]["fields"]

    status, answer = guest("POST", "holds", {"drop": 0, "quantity": 1, "key": "k"})
    assert (status, answer["error"]["code"]) == (404, "drop.not_found")

    status, answer = guest("POST", "holds", {"quantity": 1})
    assert status == 422

    status, answer = guest("DELETE", "holds/999")
    assert (status, answer["error"]["code"]) == (404, "hold.not_found")


def test_nobody_holds_without_an_identity(client, drop_on_sale):
    status, _ = Caller(client)("POST", "holds", {"drop": drop_on_sale.pk, "quantity": 1, "key": "k"})

    assert status == 401


def test_a_drop_that_is_not_open_says_when_to_come_back(guest, drop_on_sale):
    Drop.objects.update(opens_at=timezone.now() + timedelta(seconds=30))

    status, answer = guest("POST", "holds", {"drop": drop_on_sale.pk, "quantity": 1, "key": "k"})

    assert (status, answer["error"]["code"]) == (409, "drop.not_open")
    assert 25 < answer["error"]["retry_in"] <= 30


def test_the_host_starts_and_ends_a_drop(host_calls, live_show, variant):
    terms = {"variant": variant.pk, "units": 5, "price": {"amount": 2100, "currency": "EUR"}, "window": 600}

    status, drop = host_calls("POST", f"studio/shows/{live_show.slug}/drops", {**terms, "opens_in": 0})

    assert status == 201
    assert drop["state"] == "announced"
    assert drop["closes_at"] - drop["opens_at"] == 600_000
    status, closed = host_calls("POST", f"studio/shows/{live_show.slug}/drops/{drop['id']}/close")
    assert (status, closed["state"]) == (200, "closed")


def test_a_drop_of_several_variants_is_started_with_items(host_calls, live_show, product):
    items = [{"variant": variant.pk, "units": 3} for variant in product.variants.all()]

    status, drop = host_calls(
        "POST",
        f"studio/shows/{live_show.slug}/drops",
        {"items": items, "price": {"amount": 2100, "currency": "EUR"}, "per_buyer": 2, "window": 300},
    )

    assert status == 201
    assert [item["units"] for item in drop["items"]] == [3, 3]
    status, again = host_calls(
        "POST",
        f"studio/shows/{live_show.slug}/drops",
        {"items": items, "price": {"amount": 2100, "currency": "EUR"}, "window": 300, "alongside": True},
    )
    assert (status, again["error"]["code"]) == (409, "drop.variant_in_drop")


def test_an_outsider_starts_and_ends_no_drop(client, outsider, drop_on_sale, live_show, variant):
    client.force_login(outsider, backend="django.contrib.auth.backends.ModelBackend")
    call = Caller(client)
    terms = {"variant": variant.pk, "units": 5, "price": {"amount": 2100, "currency": "EUR"}}

    assert call("POST", f"studio/shows/{live_show.slug}/drops", terms)[0] == 404
    assert call("POST", f"studio/shows/{live_show.slug}/drops/{drop_on_sale.pk}/close")[0] == 404


def test_the_ledger_is_public_after_the_show_only(client, guest, host_calls, live_show, drop_on_sale, now):
    path = f"studio/shows/{live_show.slug}/drops/{drop_on_sale.pk}/ledger"
    assert host_calls("GET", path)[0] == 200
    client.logout()
    assert Caller(client)("GET", path)[1]["error"]["code"] == "ledger.not_yet"
    close_drop(drop=drop_on_sale, now=now)
    type(live_show).objects.update(state="ended")

    status, ledger = Caller(client)("GET", path)

    assert status == 200
    assert ledger["sums"] == {
        "allotted": 10, "sold": 0, "returned": 10, "held": 0, "let_go": 0, "in_bags": 0, "left": 0,
        "taken_back": 0, "adds_up": True,
    }  # fmt: skip


def test_a_code_is_claimed_seen_in_the_bag_and_removed(guest, drop_on_sale, brand, now):
    code_of(brand, now)
    guest("POST", "holds", {"drop": drop_on_sale.pk, "quantity": 1, "key": "k1", "show": "winter-table"})

    claimed = guest("POST", "codes/claim", {"code": "table4", "show": "winter-table"})

    assert claimed == (200, {"code": "TABLE4", "offer": "EUR\u00a04.00 off", "left": 100})
    [seller] = guest("GET", "cart")[1]["sellers"]
    assert (seller["code"]["text"], seller["code"]["applied"]) == ("TABLE4", True)
    assert seller["totals"]["discount"] == {"amount": 400, "currency": "EUR"}
    for _ in range(2):
        assert guest("DELETE", "codes/claim?seller=kiln-kettle") == (200, {"seller": "kiln-kettle"})
    assert guest("GET", "cart")[1]["sellers"][0]["code"] is None


@pytest.mark.parametrize(
    ("where", "status", "code"),
    [
        ({"seller": "kiln-kettle"}, 200, None),
        ({"show": "winter-table"}, 200, None),
        ({"seller": "norrfold"}, 404, "code.not_found"),
        ({"seller": "nobody"}, 404, "code.not_found"),
        ({"show": "no-such-show"}, 404, "show.not_found"),
        ({}, 404, "code.not_found"),
    ],
    ids=str,
)
def test_a_code_is_its_sellers(guest, live_show, rival_brand, brand, now, where, status, code):
    code_of(brand, now)

    answer = guest("POST", "codes/claim", {"code": "TABLE4", **where})

    assert (answer[0], answer[1].get("error", {}).get("code")) == (status, code)


def test_nobody_claims_a_code_without_an_identity(client, live_show, brand, now):
    code_of(brand, now)
    stranger = Caller(client)

    assert stranger("POST", "codes/claim", {"code": "TABLE4", "show": "winter-table"})[0] in {401, 403}
    assert stranger("DELETE", "codes/claim?seller=kiln-kettle")[0] in {401, 403}


def test_who_was_sent_out_of_a_show_claims_no_code_there(client, live_show, brand, host, rival_viewer, now):
    code_of(brand, now)
    lasts = timedelta(hours=1)
    ban_visitor(show=live_show, visitor=rival_viewer, name="Ben", lasts=lasts, reason="Spam", actor=host.user, now=now)
    banned = Caller(client, guest_token(rival_viewer.pk))

    assert banned("POST", "codes/claim", {"code": "TABLE4", "show": "winter-table"})[0] == 403
