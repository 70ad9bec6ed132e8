"""Publishing: the only door from a verb to the screens. Rule guarded here: nothing leaves before the commit.

Call these inside the verb's transaction, from any thread of any process. Three classes of news: durable events are
numbered and stored with the verb's own rows; state is the latest value of a key; reactions are counted and may be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from livecommerce.realtime import feed, roads
from livecommerce.realtime.news import AlikeNews, RoomNews
from livecommerce.realtime.protocol import Event, News, PrivateNews, StudioNews

# Stands for the number that differs; nothing else on the wire is like it.
_NUMBER = "\x00number\x00"


def to_show(
    show_id: int, *events: Event, now: datetime, programme_at: datetime | None = None, urgent: bool = False
) -> list[int]:
    """Tell everyone in the show; return the events' numbers.

    ``programme_at`` is the moment of the picture they belong to. The feed's row stays locked until the transaction
    ends, so publish last.
    """
    if not events:
        return []
    numbered = feed.append(show_id, events, now=now, programme_at=programme_at)
    at_once = urgent or any(event.urgent for event in events)
    news = RoomNews(room=show_id, epoch=numbered.epoch, events=numbered.events, urgent=at_once)
    _after_commit(partial(roads.to_room, news))
    return [seq for seq, _ in numbered.events]


def state(show_id: int, key: str, version: int, value: dict[str, Any], *, urgent: bool = False) -> None:
    """Tell everyone the latest value of a key; one with a lower version than what they show is dropped."""
    news = RoomNews(room=show_id, state={key: (version, orjson.dumps(value))}, urgent=urgent)
    _after_commit(partial(roads.to_room, news))


def to_viewer(visitor_id: UUID, news: PrivateNews) -> None:
    """Tell the sockets of one viewer."""
    _after_commit(partial(roads.to_viewer, visitor_id, orjson.dumps(_typed(news))))


def to_viewers(news: Iterable[tuple[UUID, PrivateNews]]) -> None:
    """Tell many viewers something of their own, in one step for all of them."""
    wires = [(visitor_id, orjson.dumps(_typed(one))) for visitor_id, one in news]
    if wires:
        _after_commit(partial(roads.to_viewers, wires))


def to_viewers_alike(news: PrivateNews, place: Sequence[str], each: Sequence[tuple[UUID, int]]) -> None:
    """Tell many viewers the same but for one number, which stands at `place` (field, key, …) in the news.

    In a rush this is written thousands of times a second, so the rest is encoded once for all of them.
    """
    wire = _typed(news)
    inner = wire
    for name in place[:-1]:
        inner[name] = inner = dict(inner[name])
    inner[place[-1]] = _NUMBER
    before, after = orjson.dumps(wire).split(orjson.dumps(_NUMBER))
    _after_commit(partial(roads.to_viewers_alike, AlikeNews(before, after, each)))


def to_host(show_id: int, news: StudioNews) -> None:
    """Tell the dashboards of one show."""
    _after_commit(partial(roads.to_room, RoomNews(room=show_id, studio=[orjson.dumps(_typed(news))], urgent=True)))


def reactions(show_id: int, counts: dict[str, int]) -> None:
    """Add to the second's count of reactions; the first thing to be dropped under load."""
    roads.to_room(RoomNews(room=show_id, reactions=counts))


def _typed(news: News) -> dict[str, Any]:
    return {"type": news.type, **news.payload()}


def _after_commit(leave: Callable[[], None]) -> None:
    # Robust: a broken road must not turn a committed verb into an error; the feed repairs what the road loses.
    transaction.on_commit(leave, robust=True)
