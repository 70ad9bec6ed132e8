"""Trips: several statements for one way to the database and back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from catalog.models import Stock, StockEntry, Variant
from catalog.stock import record
from checkout.holds import place_hold
from checkout.models import Hold
from livecommerce.clock import MEASURED_SECONDS, _Offset, database_now, learn_time, measured_now, receipt_time
from livecommerce.trips import Question, one_trip

pytestmark = pytest.mark.django_db

STOCK = Question(lambda pk: Stock.objects.filter(pk=pk))


def stock_of(drop) -> Stock:
    return Stock.objects.get(drop_item__drop=drop)


def test_a_question_is_answered_as_the_orm_would(drop_on_sale):
    variants = Question(lambda pk: Variant.objects.filter(pk=pk))
    asked = list(Variant.objects.order_by("pk"))

    with one_trip():
        answers = [variants.ask(variant.pk) for variant in asked]

    found = [answer() for answer in answers]
    assert found == [[variant] for variant in asked]
    assert [variant.option_values for (variant,) in found] == [variant.option_values for variant in asked]


def test_a_question_about_values_is_answered_as_the_orm_would(drop_on_sale, viewer, now):
    def open_holds(stock_id: int) -> QuerySet[Hold, Any]:
        return Hold.objects.open().filter(stock=stock_id).values_list("state", "quantity", F("unit_price_minor") + 1)

    place_hold(buyer_id=viewer.pk, drop_id=drop_on_sale.pk, quantity=1, key="k", now=now)
    stock = stock_of(drop_on_sale)

    answer = Question(open_holds).ask(stock.pk)

    assert answer() == list(open_holds(stock.pk)) == [("held", 1, drop_on_sale.price.minor + 1)]


def test_an_error_on_the_way_is_djangos_and_nothing_of_the_trip_counts(drop_on_sale, now):
    stock = stock_of(drop_on_sale)
    version = stock.version

    def oversell() -> None:
        with transaction.atomic(), one_trip():
            record(stock, kind="held", quantity=0, now=now)
            stock.taken = stock.on_hand + 1
            record(stock, kind="held", quantity=1, now=now)
            record(stock, kind="held", quantity=0, now=now)

    with pytest.raises(IntegrityError):
        oversell()

    assert stock_of(drop_on_sale).version == version
    assert not StockEntry.objects.filter(stock=stock, kind="held").exists()


def test_what_was_asked_first_is_done_first(drop_on_sale, now):
    stock = stock_of(drop_on_sale)

    with transaction.atomic(), one_trip():
        record(stock, kind="held", quantity=0, now=now)
        seen = STOCK.ask(stock.pk)
        record(stock, kind="held", quantity=0, now=now)

    assert [row.version for row in seen()] == [stock.version - 1]


def test_a_clock_that_was_read_after_a_wait_corrects_only_what_cannot_be(monkeypatch):
    monkeypatch.setattr(_Offset, "ahead", timedelta(0))
    truth = database_now()
    asked_at = datetime.now(UTC)

    assert learn_time(truth, asked_at=asked_at - timedelta(seconds=5)) == truth
    assert abs(receipt_time() - database_now()) < timedelta(seconds=1)

    learn_time(truth + timedelta(hours=1), asked_at=datetime.now(UTC))
    assert receipt_time() - datetime.now(UTC) > timedelta(minutes=59)

    learn_time(database_now(), asked_at=asked_at)
    assert abs(receipt_time() - database_now()) < timedelta(seconds=1)


def test_who_asks_nothing_else_does_not_ask_the_time(django_assert_num_queries, monkeypatch):
    database_now()

    with django_assert_num_queries(0):
        told = measured_now()
    assert abs(told - database_now()) < timedelta(seconds=1)

    monkeypatch.setattr(_Offset, "ahead", timedelta(hours=1))
    monkeypatch.setattr(_Offset, "measured", _Offset.measured - MEASURED_SECONDS - 1)
    assert abs(measured_now() - database_now()) < timedelta(seconds=1)
