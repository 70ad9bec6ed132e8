"""The ledger: nobody can change it, anybody can check it, nobody stands in it."""

import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from catalog.audit import chains
from catalog.fingerprints import broken_links
from catalog.models import PriceChange, StockEntry
from checkout.holds import expire_overdue_holds, place_hold, release_hold
from checkout.ledger import LedgerNotYet, ledger_for_viewer, ledger_of, ledger_wire
from checkout.queue import join_queue
from livecommerce.accounts.viewer import Viewer
from livecommerce.accounts.visitors import mint_visitor
from streams.drops import close_drop, drops_with_leftovers, return_leftovers
from streams.models import Drop, Show

pytestmark = pytest.mark.django_db

PROOF = Path(__file__).parent.parent.parent / "static" / "js" / "lib" / "ledger-proof.js"


@pytest.fixture
def told(drop_on_sale, viewer, rival_viewer, now) -> Drop:
    """Ten cups: two held and let go, eight held by others and run out, one place in the queue served; then closed."""
    drop = drop_on_sale
    first = place_hold(buyer_id=viewer.pk, drop_id=drop.pk, quantity=2, key="k", now=now)
    for _ in range(8):
        place_hold(buyer_id=mint_visitor(now=now)[0].pk, drop_id=drop.pk, quantity=1, key=uuid4().hex, now=now)
    join_queue(drop_id=drop.pk, buyer_id=rival_viewer.pk, now=now)
    release_hold(hold_id=first.hold_id, buyer_id=viewer.pk, now=now + timedelta(seconds=1))
    expire_overdue_holds(now=now + timedelta(minutes=6))
    close_drop(drop=drop, now=now + timedelta(minutes=7))
    for over in drops_with_leftovers():
        return_leftovers(drop=over, now=now + timedelta(minutes=7))
    return Drop.objects.with_units().get(pk=drop.pk)


def wire(drop, now):
    return json.loads(json.dumps(ledger_wire(ledger_of(drop, now))))


def test_it_adds_up(told, now):
    ledger = wire(told, now)

    assert ledger["sums"] == {
        "allotted": 10, "sold": 0, "returned": 10, "held": 11, "let_go": 11, "taken_back": 0, "in_bags": 0,
        "left": 0, "adds_up": True,
    }  # fmt: skip
    assert ledger["queue"]["passed"] == 1
    assert ledger["settled_at"]


def test_nobody_stands_in_it(told, now, viewer, rival_viewer):
    text = json.dumps(wire(told, now))

    for person in (viewer, rival_viewer):
        assert str(person.pk) not in text
        assert person.pk.hex not in text
        assert person.public_id not in text
    assert "ana" not in text.lower().replace("allotted", "")


@pytest.mark.parametrize("model", [StockEntry, PriceChange])
def test_the_database_refuses_to_change_or_delete_what_happened(told, variant, now, model):
    PriceChange.objects.create(variant=variant, price_minor=1, at=now)
    row = model.objects.first()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        model.objects.filter(pk=row.pk).update(at=row.at)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        model.objects.filter(pk=row.pk)._raw_delete("default")


def test_a_changed_entry_breaks_the_chain(told):
    entries = list(StockEntry.objects.filter(stock__drop_item__drop=told, chain="units").order_by("number"))
    assert list(broken_links(entries)) == []
    entries[2].quantity += 1

    assert list(broken_links(entries)) == [f"entry {entries[2].pk} was changed"]
    assert list(chains()) == []


def test_a_missing_entry_breaks_the_chain(told):
    entries = list(StockEntry.objects.filter(stock__drop_item__drop=told, chain="units").order_by("number"))

    assert len(list(broken_links(entries[:2] + entries[3:]))) == 2


def checked_by_the_page(ledger) -> list:
    """Run the lines that the page gives its readers."""
    node = shutil.which("node")
    assert node, "Node.js is needed"
    code = PROOF.read_text() + (
        "let text = '';"
        "for await (const part of process.stdin) text += part;"
        "console.log(JSON.stringify(await broken(JSON.parse(text))))"
    )
    ran = subprocess.run(
        [node, "--input-type=module", "-e", code], input=json.dumps(ledger), capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout)


def test_the_lines_on_the_page_find_it_whole_and_find_any_change(told, now):
    ledger = wire(told, now)
    assert checked_by_the_page(ledger) == []

    forged = json.loads(json.dumps(ledger))
    forged["entries"][3]["taken"] += 1
    assert checked_by_the_page(forged)

    shortened = {**ledger, "entries": ledger["entries"][:-1]}
    assert "seal" in checked_by_the_page(shortened)

    torn = {**ledger, "entries": ledger["entries"][1:]}
    assert checked_by_the_page(torn)


def test_it_is_public_after_the_show_only(told, viewer, now):
    asks = Viewer(visitor_id=viewer.pk)

    with pytest.raises(LedgerNotYet):
        ledger_for_viewer(slug=told.show.slug, drop_id=told.pk, viewer=asks, now=now)
    Show.objects.update(state="ended")

    assert ledger_for_viewer(slug=told.show.slug, drop_id=told.pk, viewer=asks, now=now).allotted == 10


def test_the_page_says_the_sum_the_seal_and_the_buyers_own_entries(told, client_of, viewer, now):
    Show.objects.update(state="ended")

    page = client_of(viewer).get(f"/shows/{told.show.slug}/drops/{told.pk}/ledger/")

    text = page.content.decode()
    assert page.status_code == 200
    assert "Adds up" in text
    assert ledger_of(told, now).seal in text
    assert "Yours in the list" in text
    assert "held, let go" in text


def test_the_page_is_not_there_before(told, client):
    assert client.get(f"/shows/{told.show.slug}/drops/{told.pk}/ledger/").status_code == 404


def test_the_spreadsheet_has_every_entry(told, client):
    Show.objects.update(state="ended")

    sheet = client.get(f"/shows/{told.show.slug}/drops/{told.pk}/ledger/?as=csv").content.decode()

    assert len(sheet.strip().splitlines()) == StockEntry.objects.filter(stock__drop_item__drop=told).count() + 1
