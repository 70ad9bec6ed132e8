"""Notices of a bank: what nobody has signed changes nothing."""

import pytest
from django.test import Client

from checkout.models import Payment


@pytest.mark.parametrize("signature", [{}, {"Stripe-Signature": "t=1,v1=00"}, {"Stripe-Signature": "\x00"}])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"type": "payment_intent.succeeded"}', b"\xff\x00"])
def test_an_unsigned_notice_is_refused(db: None, signature: dict[str, str], body: bytes) -> None:
    client = Client(enforce_csrf_checks=True)

    answer = client.post("/webhooks/stripe/", body, content_type="application/json", headers=signature)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "webhook.not_signed"
    assert not Payment.objects.exists()


def test_a_notice_is_posted(db: None) -> None:
    assert Client().get("/webhooks/stripe/").status_code == 405
