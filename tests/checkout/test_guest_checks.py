"""The guest check: a sum for each identity of a guest and each drop, and none for who has an account."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from checkout.guest_checks import GuestCheckNeeded, fits
from checkout.holds import place_hold, release_hold
from checkout.models import Hold, QueuePlace
from checkout.queue import join_queue
from livecommerce.accounts.models import Visitor
from livecommerce.accounts.visitors import mint_visitor
from streams.drop_terms import GUEST_CHECK_BITS
from streams.drops import drop_card
from streams.models import Drop

pytestmark = pytest.mark.django_db

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"


@pytest.fixture
def checked(drop_of) -> Drop:
    """Two cups, of which guests ask with their sum done."""
    return drop_of(2, guest_check=True)


@pytest.fixture
def guest(now) -> UUID:
    return mint_visitor(now=now)[0].pk


def sum_of(drop: Drop, buyer: UUID) -> str:
    """Do the sum with the lines that the documentation gives to clients."""
    (lines,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(lines, names)
    found: str = names["work"](drop.guest_check_bits, drop.guest_check_salt, Visitor(id=buyer).public_id)
    return found


def tap(drop, buyer, now, **more):
    return place_hold(buyer_id=buyer, drop_id=drop.pk, quantity=1, key="k", now=now, **more)


def test_viewers_are_told_the_sum_with_the_announcement(checked, now):
    card = drop_card(Drop.objects.with_units().get(pk=checked.pk), now)

    assert card["guest_check"] == {"bits": GUEST_CHECK_BITS, "salt": checked.guest_check_salt}
    assert len(checked.guest_check_salt) == 16


def test_a_drop_without_it_asks_for_nothing(drop_on_sale, guest, now):
    assert drop_card(Drop.objects.with_units().get(pk=drop_on_sale.pk), now)["guest_check"] is None
    assert tap(drop_on_sale, guest, now, work="").hold_id


@pytest.mark.parametrize("work", ["", "0", "00000000000", "-000000001", "١٢٣٤٥٦٧٨٩٠", "\ud800" * 10])
def test_a_guest_without_the_sum_holds_nothing(checked, guest, now, work):
    with pytest.raises(GuestCheckNeeded):
        tap(checked, guest, now, work=work)

    assert Hold.objects.count() == 0


def test_the_sum_opens_the_drop_to_the_guest_who_did_it(checked, guest, now):
    assert tap(checked, guest, now, work=sum_of(checked, guest)).hold_id


def test_a_sum_is_of_one_guest_and_one_drop():
    # Fixed ones: of any two, one in four thousand would fit by chance.
    ana, ben = UUID(int=1 << 127), UUID(int=1 << 126)
    drop = Drop(guest_check_bits=12, guest_check_salt="kiln")
    work = sum_of(drop, ana)

    assert fits(drop, buyer_id=ana, work=work)
    assert not fits(drop, buyer_id=ben, work=work)
    assert not fits(Drop(guest_check_bits=12, guest_check_salt="kettle"), buyer_id=ana, work=work)


def test_the_queue_asks_for_it_too(checked, guest, crowd, now):
    owner = UUID(*crowd(1))
    held = place_hold(buyer_id=owner, drop_id=checked.pk, quantity=2, key="k", now=now)

    with pytest.raises(GuestCheckNeeded):
        join_queue(drop_id=checked.pk, buyer_id=guest, work="", now=now)
    assert join_queue(drop_id=checked.pk, buyer_id=guest, work=sum_of(checked, guest), now=now).position == 1

    release_hold(hold_id=held.hold_id, buyer_id=owner, now=now)
    assert QueuePlace.objects.get().state == "offered"


def post(client: Client, path: str, **body: object):
    return client.post(f"/api/v1/{path}", body, content_type="application/json")


def test_who_has_an_account_is_not_asked(
    checked: Drop, rival_viewer: Visitor, viewer: Visitor, client_of: Callable[..., Client]
):
    guest, member = client_of(rival_viewer), client_of(viewer)

    refused = post(guest, "holds", drop=checked.pk, quantity=1, key="k")

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "drop.guest_check")
    assert "sign in" in refused.json()["error"]["message"]
    work = sum_of(checked, rival_viewer.pk)
    assert post(guest, "holds", drop=checked.pk, quantity=1, key="k", work=work).status_code == 200
    assert post(member, "holds", drop=checked.pk, quantity=1, key="k").status_code == 200


def test_without_scripts_a_guest_is_asked_to_sign_in(checked: Drop, rival_viewer: Visitor, client_of):
    guest = client_of(rival_viewer)

    page = guest.post("/cart/", {"drop": checked.pk, "variant": checked.items.get().variant_id, "key": "k"})

    assert "This drop checks guests" in page.content.decode()
    assert Hold.objects.count() == 0
