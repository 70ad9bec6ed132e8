"""Signing in by password over the API: right, wrong, closed, and too often wrong."""

from collections.abc import Callable, Generator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from livecommerce.accounts.models import User, Visitor
from livecommerce.realtime.limits import PER_ADDRESS, PER_VIEWER

pytestmark = pytest.mark.django_db

type SignIn = Callable[..., Any]


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Generator[None]:
    """Attempts are counted in the cache by address, and every test comes from the same one."""
    cache.clear()
    yield
    cache.clear()
    PER_ADDRESS.forget()
    PER_VIEWER.forget()


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@example.com", "a long password", name="Ana Lopes")


@pytest.fixture
def sign_in() -> SignIn:
    def post(password: str, *, email: str = "ana@example.com", address: str = "198.51.100.7") -> Any:
        client = Client(REMOTE_ADDR=address)
        body = {"email": email, "password": password}
        return client.post("/api/v1/sessions", body, content_type="application/json")

    return post


def test_the_right_password_opens_a_session_in_any_case_of_the_address(ana: User, sign_in: SignIn) -> None:
    assert sign_in("a long password").status_code == 201
    assert sign_in("a long password", email="Ana@Example.com").json()["token"].startswith("usr.")


@pytest.mark.parametrize("password", ["", "wrong", "A long password"])
def test_a_wrong_password_opens_nothing(ana: User, sign_in: SignIn, password: str) -> None:
    answer = sign_in(password)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "session.wrong_credentials")


def test_a_closed_account_is_not_told_apart_from_a_wrong_password(ana: User, sign_in: SignIn) -> None:
    User.objects.update(is_active=False)

    assert sign_in("a long password").json() == sign_in("wrong").json()


def test_who_guesses_on_is_told_to_wait_and_the_right_password_waits_too(ana: User, sign_in: SignIn) -> None:
    for _ in range(5):
        assert sign_in("wrong").status_code == 401

    refused = sign_in("a long password", address="198.51.100.8")

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "session.too_many_attempts")
    assert refused["Retry-After"] == "60"


def test_guesses_at_many_accounts_from_one_address_are_stopped(ana: User, sign_in: SignIn) -> None:
    tried = [sign_in("wrong", email=f"viewer{number}@example.com").status_code for number in range(12)]

    assert tried == [401] * 10 + [429] * 2
    assert sign_in("a long password", address="203.0.113.5").status_code == 201


def test_the_page_and_the_api_count_together(ana: User, sign_in: SignIn) -> None:
    page = Client(REMOTE_ADDR="198.51.100.9")
    for _ in range(5):
        page.post("/account/login/", {"login": "ana@example.com", "password": "wrong"})

    assert sign_in("a long password").status_code == 429


def test_right_passwords_are_never_too_many(ana: User, sign_in: SignIn) -> None:
    assert {sign_in("a long password").status_code for _ in range(15)} == {201}


def test_behind_our_proxies_each_client_counts_for_itself(ana: User, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1

    def post(forwarded: str, number: int) -> int:
        body = {"email": f"viewer{number}@example.com", "password": "wrong"}
        headers = {"X-Forwarded-For": forwarded}
        return Client().post("/api/v1/sessions", body, content_type="application/json", headers=headers).status_code

    assert [post("203.0.113.1", number) for number in range(11)][-1] == 429
    assert post("203.0.113.2", 99) == 401


def test_writes_of_one_viewer_run_out_of_turns_and_others_go_on(
    rival_viewer: Visitor, viewer: Visitor, client_of: Callable[[Visitor], Client]
) -> None:
    ben, ana = client_of(rival_viewer), client_of(viewer)
    asked = 0
    # On a slow machine turns come back while he asks.
    while (refused := ben.delete("/api/v1/holds/1")).status_code == 404 and asked < 400:
        asked += 1

    assert asked >= 40
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many")
    assert refused.json()["error"]["retry_in"] > 0
    assert refused["Retry-After"] == "1"
    assert ana.delete("/api/v1/holds/1").status_code == 404
    assert ben.get("/api/v1/holds").status_code == 200
