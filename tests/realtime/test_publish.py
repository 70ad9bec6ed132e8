from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.db import transaction
from django.utils import timezone

from livecommerce.realtime import publish, roads
from livecommerce.realtime.news import AlikeNews, RoomNews
from livecommerce.realtime.protocol import DropSoldOut, HoldExpired, HoldPlaced, ItemPinned, SaleTicked

ROOM = 7


@pytest.fixture
def left(monkeypatch: Any) -> Iterator[list[Any]]:
    """What has left for the hubs."""
    sent: list[Any] = []
    monkeypatch.setattr(roads, "to_room", sent.append)
    monkeypatch.setattr(roads, "to_viewer", lambda *private: sent.append(private))
    monkeypatch.setattr(roads, "to_viewers_alike", sent.append)
    return sent


@pytest.mark.django_db(transaction=True)
def test_nothing_leaves_before_the_commit(left: list[Any], now: datetime):
    with transaction.atomic():
        publish.to_show(ROOM, ItemPinned(item=1), now=now)
        publish.state(ROOM, "viewers", 1, {"count": 1})
        publish.to_viewer(uuid4(), HoldExpired(hold={"id": 1}))
        publish.to_host(ROOM, SaleTicked(kind="paid", text="a cup"))
        assert left == []

    assert len(left) == 4


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_never_told(left: list[Any], now: datetime):
    def fails() -> None:
        with transaction.atomic():
            publish.to_show(ROOM, ItemPinned(item=1), now=now)
            publish.to_viewer(uuid4(), HoldExpired(hold={"id": 1}))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()

    assert left == []


@pytest.mark.django_db(transaction=True)
def test_sold_out_is_urgent_and_a_pin_is_not(left: list[RoomNews], now: datetime):
    publish.to_show(ROOM, ItemPinned(item=1), now=now)
    publish.to_show(ROOM, DropSoldOut(drop={"id": 1}), now=now)

    assert [news.urgent for news in left] == [False, True]


@pytest.mark.django_db(transaction=True)
def test_a_private_fact_reaches_no_show(left: list[Any]):
    visitor = uuid4()

    publish.to_viewer(visitor, HoldExpired(hold={"id": 1}))

    ((to, wire),) = left
    assert to == visitor
    assert orjson.loads(wire) == {"type": "hold.expired", "hold": {"id": 1}}


@pytest.mark.django_db(transaction=True)
def test_a_broken_road_does_not_undo_a_verb(monkeypatch: Any, now: datetime):
    def broken(news: RoomNews) -> None:
        raise ConnectionError

    monkeypatch.setattr(roads, "to_room", broken)

    assert publish.to_show(ROOM, ItemPinned(item=1), now=now) == [1]


def test_news_survive_the_way_through_a_layer():
    news = RoomNews(
        room=1, epoch="e", events=[(4, b"{}")], state={"a": (2, b"{}")}, reactions={"heart": 1}, urgent=True
    )

    assert RoomNews.unpack(news.pack()) == news


def test_joined_news_keep_the_newest_state():
    news = RoomNews(room=1, state={"a": (5, b"5")})

    news.join(RoomNews(room=1, state={"a": (4, b"4"), "b": (1, b"1")}, reactions={"heart": 2}))

    assert news.state == {"a": (5, b"5"), "b": (1, b"1")}
    assert news.reactions == {"heart": 2}


@pytest.mark.django_db
def test_an_empty_publication_takes_no_number():
    assert publish.to_show(ROOM, now=timezone.now()) == []


@pytest.mark.django_db(transaction=True)
def test_news_that_differ_in_a_number_are_to_each_what_they_would_be_alone(left: list[Any]):
    card = {"id": 3, "name": 'A "cup" of 3', "total": {"amount": 3}}
    buyers = [uuid4(), uuid4()]

    publish.to_viewers_alike(HoldPlaced(hold=card), ("hold", "id"), list(zip(buyers, (41, 42), strict=True)))

    (news,) = left
    through = AlikeNews.unpack(news.pack())
    assert [(buyer, orjson.loads(through.wire(number))) for buyer, number in through.each] == [
        (buyer, {"type": "hold.placed", "hold": {**card, "id": number}})
        for buyer, number in zip(buyers, (41, 42), strict=True)
    ]
    assert card["id"] == 3
