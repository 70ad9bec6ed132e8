"""Races of drops, queues and merged guests: several Studios, many in line, one person with two identities."""

from uuid import UUID

import pytest

from catalog.models import Stock
from checkout.audit import breaches
from checkout.holds import place_hold
from checkout.models import BuyerQuota, Hold, QueuePlace
from checkout.queue import join_queue
from livecommerce.clock import database_now
from streams.models import Drop
from tests.checkout.races import forget, race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def now():
    """Races run on the real clock."""
    return database_now()


def test_two_studios_start_one_drop_of_a_product(live_show, variant):
    told = race("payers.announce_together", processes=4, variant=variant.pk, units=30)

    assert sorted(told) == ["announced"] + ["drop.variant_in_drop"] * 3
    assert Drop.objects.count() == 1
    assert Stock.objects.shop().get(variant=variant).on_hand == 70


def test_without_the_look_a_product_is_in_several_drops_at_once(live_show, variant):
    """The control of the rule above."""
    told = race("payers.announce_together", processes=4, variant=variant.pk, units=20, without="one drop")

    assert told == ["announced"] * 4
    assert any(sentence.startswith("drops: a variant is in one open drop") for sentence in breaches())
    forget()


@pytest.fixture
def sold_out(drop_of, crowd, now):
    """`sold_out(12)`: a drop whose units are all held; gives the drop, the owners and their holds."""

    def make(units: int):
        drop = drop_of(units, per_buyer=1)
        owners = crowd(units)
        holds = [
            place_hold(buyer_id=UUID(owner), drop_id=drop.pk, quantity=1, key="k", now=now).hold_id for owner in owners
        ]
        return drop, owners, holds

    return make


def test_a_unit_that_comes_back_never_passes_by_those_who_wait(sold_out, crowd):
    drop, owners, holds = sold_out(12)

    told = race("payers.join_and_let_go", processes=4, drop=drop.pk, buyers=crowd(40), holds=holds, owners=owners)

    stock = Stock.objects.get(drop_item__drop=drop)
    waiting = QueuePlace.objects.waiting().filter(drop=drop).count()
    offered = QueuePlace.objects.filter(drop=drop, state="offered")
    assert not (stock.left and waiting)
    assert sum(one["joined"] for one in told[2:]) == waiting + offered.count()
    # First come, first served: whoever has an offer came before everybody who still waits.
    last = max(place.number for place in offered)
    assert all(place.number > last for place in QueuePlace.objects.waiting().filter(drop=drop))


def test_without_the_lock_somebody_waits_for_what_lies_there(sold_out, crowd):
    """The control: who joins does not wait for the one who gives back."""
    drop, owners, holds = sold_out(4)

    race(
        "payers.join_and_let_go",
        processes=3,
        drop=drop.pk,
        buyers=crowd(2),
        holds=holds,
        owners=owners,
        without="queue lock and only writer",
    )

    stock = Stock.objects.get(drop_item__drop=drop)
    assert stock.left
    assert QueuePlace.objects.waiting().filter(drop=drop).exists()
    forget()


@pytest.fixture
def leaving(sold_out, crowd, now):
    """Of a drop with one unit, who has it and who waits for it."""
    drop, (owner,), (hold,) = sold_out(1)
    (buyer,) = crowd(1)
    join_queue(drop_id=drop.pk, buyer_id=UUID(buyer), now=now)
    return {"drop": drop.pk, "buyer": buyer, "hold": hold, "owner": owner}


def test_who_leaves_while_a_unit_is_offered_gives_it_back(leaving):
    race("leavers.leave_while_offered", processes=2, **leaving)

    assert not QueuePlace.objects.active().exists()
    assert Stock.objects.get(drop_item__drop=leaving["drop"]).left == 1
    assert list(breaches()) == []


def test_a_guest_who_signs_in_while_tapping_has_one_limit(drop_of, crowd):
    drop = drop_of(20)
    guest, account = crowd(2)

    told = race("payers.tap_while_merged", processes=5, drop=drop.pk, guest=guest, account=account, taps=10)

    assert told[0] == {"merged": 1}
    quota = BuyerQuota.objects.get(drop=drop, buyer=account)
    assert quota.units == sum(Hold.objects.open().filter(buyer=account).values_list("quantity", flat=True)) <= 2
    assert list(breaches()) == []


def test_a_merge_that_lets_nothing_go_doubles_the_limit(drop_of, crowd, now):
    """The control: both had as many as one buyer may have, and keep it."""
    drop = drop_of(20)
    guest, account = crowd(2)
    for buyer in (guest, account):
        place_hold(buyer_id=UUID(buyer), drop_id=drop.pk, quantity=2, key="k", now=now)

    race("payers.tap_while_merged", processes=2, drop=drop.pk, guest=guest, account=account, taps=3, without="merge")

    assert sum(Hold.objects.open().filter(buyer=account).values_list("quantity", flat=True)) == 4
