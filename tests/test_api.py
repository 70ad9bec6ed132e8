"""The outside of the API: every call that clients rely on is there, and no input whatever breaks it."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings

from livecommerce.accounts.models import User, Visitor
from streams.models import Host, Show
from streams.models.drops import Drop

CALLS = {
    ("post", "visitors"),
    ("post", "sessions"),
    ("get", "shows"),
    ("get", "shows/{slug}"),
    ("get", "shows/{slug}/snapshot"),
    ("get", "shows/{slug}/feed"),
    ("post", "shows/{slug}/messages"),
    ("post", "holds"),
    ("delete", "holds/{hold_id}"),
    ("post", "holds/{hold_id}/extend"),
    ("post", "orders"),
    ("get", "orders/{code}"),
    ("post", "orders/{code}/pay"),
    ("post", "studio/shows/{slug}/go-live"),
    ("post", "studio/shows/{slug}/end"),
    ("post", "studio/shows/{slug}/pause-sales"),
    ("post", "studio/shows/{slug}/resume-sales"),
    ("post", "studio/shows/{slug}/pins"),
    ("post", "studio/shows/{slug}/drops"),
    ("post", "studio/shows/{slug}/drops/{drop_id}/close"),
    ("get", "studio/shows/{slug}/drops/{drop_id}/ledger"),
    ("post", "studio/shows/{slug}/messages/{message_id}/delete"),
    ("post", "studio/shows/{slug}/mutes"),
    ("post", "brand/products"),
    ("post", "brand/shows"),
    ("post", "brand/imports"),
}


def the_schema() -> dict[str, Any]:
    schema: dict[str, Any] = Client().get("/api/v1/openapi.json").json()
    return schema


def test_openapi_lists_every_call_of_the_contract() -> None:
    listed = {
        (method, path.removeprefix("/api/v1/")) for path, methods in the_schema()["paths"].items() for method in methods
    }

    assert listed >= CALLS


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_no_input_breaks_a_call(
    number: int, live_show: Show, drop_on_sale: Drop, viewer: Visitor, host: Host, brand_staff: User
) -> None:
    method, path = sorted(CALLS)[number]
    who = {"studio": host.user, "brand": brand_staff}.get(path.split("/")[0], viewer.user)
    schema = schemathesis.openapi.from_dict(the_schema())
    # From an address of its own: what it tries to sign in with counts against nobody else.
    client = Client(raise_request_exception=False, REMOTE_ADDR="192.0.2.44")
    client.force_login(who, backend="django.contrib.auth.backends.ModelBackend")
    operation = schema[f"/api/v1/{path}"][method.upper()]
    known = {"slug": live_show.slug, "drop_id": str(drop_on_sale.pk)}

    @given(case=operation.as_strategy())
    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def try_anything(case: schemathesis.Case) -> None:
        case.path_parameters.update({name: value for name, value in known.items() if name in case.path_parameters})
        sent = case.as_transport_kwargs(base_url="http://testserver")
        address = f"{urlsplit(sent['url']).path}?{urlencode(sent.get('params') or {}, doseq=True)}"
        body = json.dumps(sent["json"], default=str).encode() if "json" in sent else b""

        answer = client.generic(sent["method"], address, body, content_type="application/json")

        assert answer.status_code < 500, (sent["method"], address, body)
        if answer.status_code >= 400:
            assert set(answer.json()["error"]) >= {"code", "message"}

    try_anything()


@pytest.mark.parametrize("text", ["\x00", "cup\x00", "\ud800"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("shows/{show}/messages", {"text": "{text}", "key": "a"}),
        ("shows/{show}/messages", {"text": "hello", "key": "{text}"}),
        ("holds", {"variant": 1, "quantity": 1, "key": "{text}"}),
        ("sessions", {"email": "{text}", "password": "{text}"}),
        ("orders", {"holds": [1], "email": "a@example.test", "address": {"name": "{text}"}, "key": "{text}"}),
    ],
)
def test_text_that_no_database_keeps_breaks_nothing(
    path: str, body: dict[str, Any], text: str, live_show: Show, viewer: Visitor
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(viewer.user, backend="django.contrib.auth.backends.ModelBackend")
    filled = json.dumps(body).replace("{text}", json.dumps(text)[1:-1])

    answer = client.post(f"/api/v1/{path.format(show=live_show.slug)}", filled, content_type="application/json")

    assert answer.status_code < 500
    assert answer.status_code < 400 or answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("holds", {"variant": 10**30, "key": "a"}),
        ("holds", {"drop": 10**30, "key": "a"}),
        ("holds", {"variant": 1, "key": "a", "show": 10**30}),
        ("holds", {"variant": 1, "key": "a", "show": "²"}),
        ("orders", {"holds": [10**30], "email": "a@example.test", "address": {}, "key": "a"}),
        (f"holds/{10**30}/extend", {}),
    ],
)
def test_numbers_beyond_any_column_are_refused_in_words(
    path: str, body: dict[str, Any], viewer: Visitor, client_of: Callable[[Visitor], Client]
) -> None:
    answer = client_of(viewer).post(f"/api/v1/{path}", body, content_type="application/json")

    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(("method", "path"), [("GET", "sessions"), ("PUT", "shows"), ("PATCH", "holds/1")])
def test_a_method_that_an_address_does_not_take_is_refused_like_all_else(method: str, path: str) -> None:
    answer = Client().generic(method, f"/api/v1/{path}")

    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert answer["Allow"]


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "a"}])
def test_a_request_larger_than_any_call_needs_is_refused(
    headers: dict[str, str], viewer: Visitor, client_of: Callable[[Visitor], Client]
) -> None:
    body = json.dumps({"variant": 1, "key": "a" * 3_000_000})

    answer = client_of(viewer).post("/api/v1/holds", body, content_type="application/json", headers=headers)

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def test_a_defect_of_ours_is_told_in_the_apis_own_form(live_show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Show, "public_state", property(lambda show: 1 / 0))

    answer = Client(raise_request_exception=False).get("/api/v1/shows")

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
