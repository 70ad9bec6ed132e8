"""Who asks: guests, users, tokens, and what none of them may become."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from livecommerce.accounts.models import ApiToken, User, Visitor
from livecommerce.accounts.visitors import (
    guest_token,
    merge_visitor,
    mint_visitor,
    open_session,
    read_guest_token,
    viewer_of_token,
    visitor_of_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("Ana@Example.com", "a long password", name="Ana Lopes")


def test_a_guest_token_names_its_visitor_and_nobody_else() -> None:
    visitor, token = mint_visitor(now=timezone.now())

    assert read_guest_token(token) == visitor.id
    assert read_guest_token(token[:-1]) is None
    assert read_guest_token(f"vis.{visitor.id.hex}") is None
    assert read_guest_token("") is None


def test_a_guest_token_of_a_users_visitor_does_not_sign_in(ana: User) -> None:
    token = guest_token(visitor_of_user(ana).id)

    viewer = viewer_of_token(token)

    assert viewer is not None
    assert not viewer.signed_in


def test_one_address_is_one_account_in_any_case(ana: User) -> None:
    assert ana.email == "ana@example.com"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="ANA@example.com")


def test_a_session_token_signs_in_and_is_kept_as_a_hash_only(ana: User) -> None:
    token = open_session(user=ana, now=timezone.now())

    viewer = viewer_of_token(token)

    assert viewer is not None
    assert viewer.user_id == ana.pk
    assert not ApiToken.objects.filter(hash__contains=token[4:20]).exists()


def test_a_closed_account_loses_its_tokens_at_once(ana: User) -> None:
    token = open_session(user=ana, now=timezone.now())

    User.objects.update(is_active=False)

    assert viewer_of_token(token) is None


def test_a_guest_becomes_a_user_once_only(ana: User) -> None:
    guest, _ = mint_visitor(now=timezone.now())

    assert merge_visitor(guest_id=guest.id, user=ana) == guest
    assert merge_visitor(guest_id=guest.id, user=ana) is None
    assert merge_visitor(guest_id=uuid4(), user=ana) is None
    assert Visitor.objects.get(pk=guest.pk).merged_into == visitor_of_user(ana)


def test_a_user_cannot_swallow_another_users_visitor(ana: User) -> None:
    rival = User.objects.create_user("rival@example.com", "a long password")

    assert merge_visitor(guest_id=visitor_of_user(rival).id, user=ana) is None


def test_the_api_gives_a_guest_identity_that_it_knows_again(client: Client) -> None:
    first = client.post("/api/v1/visitors")
    again = client.post("/api/v1/visitors", headers={"Authorization": f"Bearer {first.json()['token']}"})

    assert first.status_code == 201
    assert again.json()["visitor"] == first.json()["visitor"]


def test_the_api_signs_in_and_says_plainly_when_it_does_not(client: Client, ana: User) -> None:
    good = client.post(
        "/api/v1/sessions", {"email": ana.email, "password": "a long password"}, content_type="application/json"
    )
    bad = client.post("/api/v1/sessions", {"email": ana.email, "password": "no"}, content_type="application/json")
    empty = client.post("/api/v1/sessions", {}, content_type="application/json")

    assert good.status_code == 201
    assert bad.status_code == 401
    assert bad.json()["error"]["code"] == "session.wrong_credentials"
    assert empty.status_code == 422
    assert set(empty.json()["error"]["fields"]) == {"email", "password"}


def test_a_stranger_is_asked_who_they_are_and_a_foreign_page_is_refused(ana: User) -> None:
    stranger = Client(enforce_csrf_checks=True).post("/api/v1/holds", {}, content_type="application/json")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    foreign = browser.post("/api/v1/holds", {}, content_type="application/json")

    assert (stranger.status_code, stranger.json()["error"]["code"]) == (401, "sign_in_needed")
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "csrf.failed")


def test_an_address_that_the_api_does_not_have_is_refused_in_its_own_form(client: Client) -> None:
    answer = client.get("/api/v1/no-such-call")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
