"""Claims: a bag takes off what an order would take off, on every device, or says why nothing; the button never lies."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from catalog.models import Brand, Variant
from checkout.carts import SellerBag, cart_of
from checkout.claims import claim_code, remove_claim
from checkout.codes import CodeNotFound, CodeNotYet, CodeOver, CodeUsedByYou, CodeUsedUp
from checkout.gateways.practice import ASKS_FOR_3DS, DECLINED, SUCCEEDS
from checkout.holds import merge_holds
from checkout.links import order_path
from checkout.models import Code, CodeClaim, CodeUse, Hold, Order
from checkout.outbox import run_outbox
from checkout.tasks import DEEDS
from checkout.withdrawals import withdraw
from livecommerce.accounts.models import Visitor
from streams.models import Show
from tests.checkout.conftest import HoldUnits, OrderUnits, code_of, pay
from tests.checkout.test_pages import ClientOf, filled

Claim = Callable[..., Code]


@pytest.fixture
def ana(client_of: ClientOf, viewer: Visitor) -> Client:
    return client_of(viewer)


@pytest.fixture
def claim(viewer: Visitor, now: datetime) -> Claim:
    def claim(typed: str = "table4", buyer: Visitor = viewer, **more: Any) -> Code:
        return claim_code(buyer_id=buyer.pk, typed=typed, **{"now": now} | more)

    return claim


def bag_of(buyer: Visitor, now: datetime) -> SellerBag:
    [bag] = cart_of(buyer_id=buyer.pk, now=now).bags
    return bag


def why_not(buyer: Visitor, now: datetime) -> str:
    bag = bag_of(buyer, now)
    assert bag.code
    assert (bag.totals.discount.minor, bag.code_text) == (0, "")
    return bag.code.why_not


def test_a_bag_has_the_sums_that_an_order_with_its_code_will_have(
    viewer: Visitor, held: Hold, table4: Code, claim: Claim, order_units: OrderUnits, now: datetime
) -> None:
    claim()

    bag = bag_of(viewer, now)
    order = order_units(viewer, held, codes=[bag.code_text])

    assert (bag.totals.discount, bag.totals.total, bag.totals.vat) == (order.discount, order.total, order.vat)
    assert bag.wire(now)["code"] == {
        "text": "TABLE4", "offer": "EUR\u00a04.00 off", "left_for_others": 99, "applied": True, "message": "",
    }  # fmt: skip


def test_a_claim_promises_and_counts_nothing(held: Hold, table4: Code, claim: Claim) -> None:
    claim()

    table4.refresh_from_db()
    assert table4.taken == 0
    assert not CodeUse.objects.exists()


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        ({"ends_at": timedelta(0)}, CodeOver),
        ({"is_active": False}, CodeOver),
        ({"starts_at": timedelta(hours=1)}, CodeNotYet),
        ({"uses": 0}, CodeUsedUp),
        ({"text": "TABLE5"}, CodeNotFound),
    ],
    ids=str,
)
def test_a_code_that_cannot_count_is_not_claimed_and_the_bag_keeps_its_own(
    viewer: Visitor, held: Hold, brand: Brand, claim: Claim, now: datetime, terms: dict, refusal
) -> None:
    code_of(brand, now, text="AUTUMN")
    claim("autumn")
    code_of(brand, now, **{key: now + one if isinstance(one, timedelta) else one for key, one in terms.items()})

    with pytest.raises(refusal):
        claim()

    assert bag_of(viewer, now).code_text == "AUTUMN"


def test_what_the_bag_lacks_may_still_come(
    viewer: Visitor, held: Hold, variant: Variant, brand: Brand, claim: Claim, hold_units: HoldUnits, now: datetime
) -> None:
    code_of(brand, now, least_goods_minor=5400)
    claim()
    assert "EUR\u00a012.00 more" in why_not(viewer, now)

    hold_units(viewer, variant=variant, quantity=1)

    assert bag_of(viewer, now).code_text == "TABLE4"


@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [({"is_active": False}, "is over"), ({"uses": 0}, "is used up")],
    ids=["switched off", "used up"],
)
def test_what_happens_to_a_code_after_the_claim_is_said_in_the_bag(
    viewer: Visitor, held: Hold, table4: Code, claim: Claim, now: datetime, meanwhile: dict, words: str
) -> None:
    claim()

    Code.objects.update(**meanwhile)

    assert words in why_not(viewer, now)


def test_a_shows_code_waits_for_something_of_the_show(
    viewer: Visitor, variant: Variant, brand: Brand, live_show: Show, claim: Claim, hold_units: HoldUnits, now: datetime
) -> None:
    code_of(brand, now, show=live_show)
    hold_units(viewer, variant=variant, quantity=1)

    claim()

    assert "Winter table" in why_not(viewer, now)


def test_a_code_reserved_with_an_unpaid_order_stays_in_its_bag_to_the_end(
    viewer: Visitor, held: Hold, table4: Code, claim: Claim, order_units: OrderUnits, now: datetime
) -> None:
    claim()
    pay(order_units(viewer, held, codes=["TABLE4"]), now, DECLINED)

    Code.objects.update(uses=1, ends_at=now)

    bag = bag_of(viewer, now)
    assert (bag.code_text, bag.totals.total.minor) == ("TABLE4", 4290)
    assert bag.code
    assert bag.code.left_for_others == 0
    assert order_units(viewer, held, codes=["TABLE4"], total_seen=4290).pk == bag.order.pk  # type: ignore[union-attr]


def test_while_a_bank_decides_the_bag_shows_the_code_that_it_was_asked_with(
    viewer: Visitor, held: Hold, brand: Brand, table4: Code, claim: Claim, order_units: OrderUnits, now: datetime
) -> None:
    claim()
    pay(order_units(viewer, held, codes=["TABLE4"]), now, ASKS_FOR_3DS)

    remove_claim(buyer_id=viewer.pk, brand_slug=brand.slug)

    assert bag_of(viewer, now).at_bank
    assert bag_of(viewer, now).totals.total.minor == 4290


def test_a_code_in_another_order_of_the_buyer_is_named(
    viewer: Visitor, held: Hold, table4: Code, claim: Claim, order_units: OrderUnits, variant: Variant,
    hold_units: HoldUnits, now: datetime,
) -> None:  # fmt: skip
    claim()
    order = order_units(viewer, held, codes=["TABLE4"])
    pay(order, now)

    # It is spent, so the next bag has none.
    hold_units(viewer, variant=variant, quantity=1)
    assert bag_of(viewer, now).code is None
    with pytest.raises(CodeUsedByYou, match=order.code):
        claim()


def test_each_seller_has_a_code_of_its_own(
    viewer: Visitor, held: Hold, rival_variant: Variant, rival_brand: Brand, table4: Code, claim: Claim,
    hold_units: HoldUnits, now: datetime,
) -> None:  # fmt: skip
    hold_units(viewer, variant=rival_variant, quantity=1)
    code_of(rival_brand, now, text="LINEN", amount_minor=None, percent_bp=1000)

    claim()
    claim("linen")

    bags = {bag.brand.slug: bag.code_text for bag in cart_of(buyer_id=viewer.pk, now=now).bags}
    assert bags == {"kiln-kettle": "TABLE4", "norrfold": "LINEN"}


def test_a_code_of_a_brand_that_is_not_in_the_bag_is_not_found(
    held: Hold, rival_brand: Brand, claim: Claim, now: datetime
) -> None:
    code_of(rival_brand, now, text="LINEN")

    with pytest.raises(CodeNotFound):
        claim("linen")


def test_the_last_claim_counts_and_is_taken_out_again(
    viewer: Visitor, held: Hold, table4: Code, brand: Brand, claim: Claim, now: datetime
) -> None:
    code_of(brand, now, text="AUTUMN")
    claim("autumn")
    claim()
    assert bag_of(viewer, now).code_text == "TABLE4"

    for _ in range(2):
        remove_claim(buyer_id=viewer.pk, brand_slug=brand.slug)

    assert bag_of(viewer, now).code is None


def test_a_guests_claim_is_in_the_bag_of_the_account(
    viewer: Visitor, rival_viewer: Visitor, held: Hold, table4: Code, brand: Brand, claim: Claim, now: datetime
) -> None:
    code_of(brand, now, text="AUTUMN")
    claim("autumn")
    claim(buyer=rival_viewer, brands=[brand.pk])

    merge_holds(from_visitor=rival_viewer.pk, to_visitor=viewer.pk, now=now)

    assert CodeClaim.objects.get().buyer == viewer
    assert bag_of(viewer, now).code_text == "TABLE4"


def test_without_scripts_a_code_is_applied_paid_with_and_shown_on_the_order(
    ana: Client, held: Hold, table4: Code, now: datetime
) -> None:
    applied = ana.post("/cart/code/", {"seller": "kiln-kettle", "code": "table4"})
    assert applied.headers["Location"] == "/cart/?seller=kiln-kettle"
    bag = ana.get("/cart/").text
    assert "Pay now EUR\u00a042.90" in bag
    assert "EUR\u00a04.00 off at Kiln &amp; Kettle, 99 left for others" in bag
    hidden = dict(re.findall(r'<input type="hidden" name="(seller|holds|key|total|code)" value="([^"]+)">', bag))

    bought = ana.post("/cart/pay/", {**filled(held), **hidden})

    order = Order.objects.get()
    assert (order.state, order.total_minor) == (Order.State.PAID, 4290)
    assert bought.headers["Location"] == order_path(order.code)
    page = ana.get(bought.headers["Location"]).text
    assert "TABLE4" in page
    assert "−4.00" in page


def test_a_refused_code_is_said_beside_its_field_and_what_was_typed_stays(
    ana: Client, held: Hold, table4: Code
) -> None:
    page = ana.post("/cart/code/", {"seller": "kiln-kettle", "code": "tabel4"})

    assert page.status_code == 200
    assert 'id="code-error"' in page.text
    assert 'value="tabel4"' in page.text
    assert "Pay now EUR\u00a046.90" in page.text


def test_a_code_is_removed_by_a_form(ana: Client, held: Hold, table4: Code, claim: Claim) -> None:
    claim()

    ana.post("/cart/code/remove/", {"seller": "kiln-kettle"})

    assert "Pay now EUR\u00a046.90" in ana.get("/cart/").text


def test_a_stranger_claims_and_removes_nothing(client: Client, held: Hold, table4: Code, claim: Claim) -> None:
    claim()

    for path in ("/cart/code/", "/cart/code/remove/"):
        page = client.post(path, {"seller": "kiln-kettle", "code": "TABLE4"})
        assert 'role="alert"' in page.text

    assert CodeClaim.objects.count() == 1


def test_who_pays_what_was_shown_before_the_code_ended_is_told_and_sees_the_new_sum(
    ana: Client, held: Hold, table4: Code, claim: Claim
) -> None:
    claim()
    Code.objects.update(is_active=False)

    page = ana.post("/cart/pay/", filled(held, code="TABLE4", total="4290"))

    assert "TABLE4 is over. Nothing was charged" in page.text
    assert "Pay now EUR\u00a046.90" in page.text
    assert not Order.objects.exists()


def test_after_a_declined_card_the_same_form_pays_the_same_order(ana: Client, held: Hold, table4: Code, claim: Claim):
    claim()

    declined = ana.post("/cart/pay/", filled(held, DECLINED, code="TABLE4", total="4290"))
    assert 'name="key" value="page"' in declined.text
    ana.post("/cart/pay/", filled(held, SUCCEEDS, code="TABLE4", total="4290"))

    order = Order.objects.get()
    assert (order.state, order.payments.count()) == (Order.State.PAID, 2)


def test_the_letters_name_the_code(
    viewer: Visitor, held: Hold, table4: Code, order_units: OrderUnits, now: datetime
) -> None:
    order = order_units(viewer, held, codes=["TABLE4"])
    pay(order, now)
    withdraw(order_id=order.pk, now=now)

    run_outbox(deeds=DEEDS, now=now)

    assert len(mail.outbox) == 2
    for letter in mail.outbox:
        for body in (letter.body, letter.alternatives[0].content):  # type: ignore[attr-defined]
            assert "Code TABLE4" in body
            assert "−EUR\u00a04.00" in body
            assert "EUR\u00a042.90" in body
