"""Alarms: books that drift apart are seen in the metrics; books that are in order never look as if they were not."""

import re

import pytest
from django.db.models import F

from catalog.models import Stock
from checkout.alarms import DRIFT, read_audit, read_drift
from checkout.models import AuditReading
from livecommerce.celery import app
from livecommerce.clock import database_now
from tests.checkout.races import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def scraped(client):
    """What Prometheus reads: `{figure: value}`."""

    def scrape() -> dict[str, float]:
        page = client.get("/metrics", REMOTE_ADDR="127.0.0.1").content.decode()
        return {name: float(value) for name, value in re.findall(r"^([^#\s].*) (\S+)$", page, re.MULTILINE)}

    return scrape


def test_books_in_order_read_as_zero(held, now, scraped):
    read_audit(now=now)
    read_drift(now=now)

    figures = scraped()
    rules = {name: value for name, value in figures.items() if name.startswith("audit_breaches{")}
    assert len(rules) > 15
    assert set(rules.values()) == {0}
    assert figures["stock_drift_units"] == 0
    assert figures[f'audit_read_timestamp_seconds{{rule="{DRIFT}"}}'] == now.timestamp()


def test_a_unit_that_goes_astray_is_seen(held, drop_on_sale, now, scraped):
    Stock.objects.filter(drop_item__drop=drop_on_sale).update(taken=F("taken") + 3)
    try:
        read_audit(now=now)
        read_drift(now=now)
    finally:
        Stock.objects.filter(drop_item__drop=drop_on_sale).update(taken=F("taken") - 3)

    figures = scraped()
    assert figures["stock_drift_units"] == 3
    assert figures['audit_breaches{rule="holds: taken is held, being paid and sold"}'] == 1
    # Mended books are told by the next reading.
    read_audit(now=now)
    read_drift(now=now)
    assert sum(AuditReading.objects.values_list("breaches", flat=True)) == 0


def test_nobody_outside_reads_the_figures(client):
    assert client.get("/metrics", REMOTE_ADDR="8.8.8.8").status_code == 403


def test_somebody_looks_by_themselves():
    app.finalize(auto=True)

    assert {"checkout.read_drift", "checkout.read_audit"} <= set(app.conf.beat_schedule)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_no_alarm_is_raised_by_a_rush(drop_of, crowd, guarded):
    """And the control: what is read while others write, not from one snapshot, looks broken."""
    drop = drop_of(90)

    told = race(
        "read_books_in_a_rush",
        processes=3,
        drop=drop.pk,
        buyers=crowd(200),
        seconds=5,
        without="" if guarded else "snapshot",
    )

    assert sum(one.get("held", 0) for one in told) > 5
    assert told[0]["readings"] > 2
    assert bool(told[0]["alarms"]) != guarded
    assert read_audit(now=database_now()) == 0
