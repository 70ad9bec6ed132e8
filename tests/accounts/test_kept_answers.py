"""The same Idempotency-Key has one effect and one answer; another request or another asker is not served from it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Variant
from checkout.models import Hold
from livecommerce.accounts.kept_answers import ABANDONED, forget_old_answers
from livecommerce.accounts.models import KeptAnswer, Visitor
from livecommerce.accounts.visitors import guest_token

pytestmark = pytest.mark.django_db


def hold(visitor: Visitor, variant: Variant, *, key: str, tap: str = "tap", quantity: int = 1) -> Any:
    body = {"variant": variant.pk, "quantity": quantity, "key": tap}
    headers = {"Authorization": f"Bearer {guest_token(visitor.pk)}", "Idempotency-Key": key}
    return Client().post("/api/v1/holds", body, content_type="application/json", headers=headers)


def test_a_repeat_gets_the_first_answer_and_holds_nothing_more(rival_viewer: Visitor, variant: Variant) -> None:
    first = hold(rival_viewer, variant, key="a")
    again = hold(rival_viewer, variant, key="a")

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert Hold.objects.count() == 1


def test_a_refusal_is_repeated_too(rival_viewer: Visitor, variant: Variant) -> None:
    assert hold(rival_viewer, variant, key="a", quantity=0).status_code == 422
    assert hold(rival_viewer, variant, key="a", quantity=0).status_code == 422


def test_a_key_of_another_request_is_refused(rival_viewer: Visitor, variant: Variant) -> None:
    hold(rival_viewer, variant, key="a")

    answer = hold(rival_viewer, variant, key="a", quantity=2, tap="other")

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "idempotency.key_reused"


def test_another_asker_has_keys_of_their_own(rival_viewer: Visitor, viewer: Visitor, variant: Variant) -> None:
    guest = Visitor.objects.create()

    assert hold(rival_viewer, variant, key="a").json()["hold"] != hold(guest, variant, key="a").json()["hold"]


def test_a_request_that_still_runs_is_not_run_twice(rival_viewer: Visitor, variant: Variant) -> None:
    hold(rival_viewer, variant, key="a")
    KeptAnswer.objects.update(status=None)

    running = hold(rival_viewer, variant, key="a")
    KeptAnswer.objects.update(at=timezone.now() - ABANDONED - timedelta(seconds=1))
    abandoned = hold(rival_viewer, variant, key="a")

    assert (running.status_code, running.json()["error"]["code"]) == (409, "idempotency.still_running")
    assert abandoned.status_code == 200
    assert Hold.objects.count() == 1


def test_no_token_is_ever_kept(db: None) -> None:
    Client().post("/api/v1/visitors", headers={"Idempotency-Key": "a"})

    assert not KeptAnswer.objects.exists()


def test_kept_answers_are_let_go_after_a_day(rival_viewer: Visitor, variant: Variant) -> None:
    hold(rival_viewer, variant, key="old")
    KeptAnswer.objects.update(at=timezone.now() - timedelta(days=2))
    hold(rival_viewer, variant, key="new", tap="new")

    assert forget_old_answers() == 1
    assert KeptAnswer.objects.get().key == "new"
