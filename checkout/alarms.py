"""Alarms: the audit as figures for the metrics. The rule guarded here: books that drift apart do not stay unnoticed.

A task reads the invariants and writes down how often each is broken; `/metrics` shows what was read last, in whichever
process it is asked for. A reading that grows old is an alarm of its own, so its time is shown, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

import structlog
from django.db import DatabaseError
from django.db.models import Sum
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from catalog.models import Stock
from checkout.audit import EVERYTHING
from checkout.models import AuditReading, Hold
from livecommerce.transactions import snapshot
from streams.models import Drop

log = structlog.get_logger(__name__)

DRIFT = "stock drift of running drops, in units"
MOST_COUNTED = 1000


def read_audit(*, now: datetime) -> int:
    """Prove every invariant and keep what was found; return the number of breaches. Costs a reading of all books."""
    with snapshot():
        found = {invariant.rule: list(islice(invariant.breaches(), MOST_COUNTED)) for invariant in EVERYTHING}
    for rule, sentences in found.items():
        if sentences:
            log.error("audit_breach", rule=rule, breaches=len(sentences), first=sentences[0])
    _keep({rule: len(sentences) for rule, sentences in found.items()}, now)
    # A rule that is gone is no alarm.
    AuditReading.objects.exclude(rule__in=[*found, DRIFT]).delete()
    return sum(len(sentences) for sentences in found.values())


def read_drift(*, now: datetime) -> int:
    """Compare the rows of running drops with their holds, which is cheap; return by how many units they differ."""
    with snapshot():
        drops = list(Drop.objects.running().values_list("pk", flat=True))
        rows = dict(Stock.objects.filter(drop_item__drop__in=drops).values_list("pk", "taken"))
        holds = Hold.objects.taking().filter(drop__in=drops).order_by().values("stock").annotate(units=Sum("quantity"))
        promised = {row["stock"]: row["units"] for row in holds}
    drift: int = sum(abs(taken - promised.get(pk, 0)) for pk, taken in rows.items())
    if drift:
        log.error("stock_drift", units=drift)
    _keep({DRIFT: drift}, now)
    return drift


def exposition() -> bytes:
    """Give the last readings in the text that Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Readings())
    return generate_latest(registry)


class _Readings(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        breaches = GaugeMetricFamily("audit_breaches", "Breaches of a rule of the audit.", labels=["rule"])
        drift = GaugeMetricFamily("stock_drift_units", "Units by which stock rows and holds of running drops differ.")
        read_at = GaugeMetricFamily("audit_read_timestamp_seconds", "When a rule was last read.", labels=["rule"])
        try:
            readings = list(AuditReading.objects.order_by("rule"))
        except DatabaseError:
            # The other figures are wanted most when the database is away; an absent one is an alarm, too.
            readings = []
        for reading in readings:
            if reading.rule == DRIFT:
                drift.add_metric([], reading.breaches)
            else:
                breaches.add_metric([reading.rule], reading.breaches)
            read_at.add_metric([reading.rule], reading.read_at.timestamp())
        yield from (breaches, drift, read_at)


def _keep(counts: dict[str, int], now: datetime) -> None:
    AuditReading.objects.bulk_create(
        [AuditReading(rule=rule, breaches=count, read_at=now) for rule, count in sorted(counts.items())],
        update_conflicts=True,
        unique_fields=["rule"],
        update_fields=["breaches", "read_at"],
    )
