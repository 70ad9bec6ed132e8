"""Chapters: a replay cut by what was on the picture. They are the pins, at their place on the picture's clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from livecommerce.realtime import feed
from livecommerce.watch.card_view import Wire
from livecommerce.watch.show_cards import Scene, lineup_rows
from streams.models import Pin, Show


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """From where on a product was shown; `row` is its line in the line-up, at today's price."""

    row: dict[str, Any]
    programme_at: int
    seconds: float

    @property
    def item(self) -> Wire:
        item: Wire = self.row["item"]
        return item


def chapters_of(show: Show, scene: Scene) -> list[Chapter]:
    """Return one chapter per product, where it was first shown."""
    rows = {row["item"]["id"]: row for row in lineup_rows(scene)}
    first: dict[int, datetime] = {}
    for item_id, moment in Pin.objects.filter(show=show).order_by("programme_at").values_list("item", "programme_at"):
        first.setdefault(item_id, moment)
    began = show.live_started_at
    return [
        Chapter(
            row=rows[item_id],
            programme_at=feed.milliseconds(moment),
            seconds=max(0.0, (moment - began).total_seconds()) if began else 0.0,
        )
        for item_id, moment in first.items()
        if item_id in rows
    ]
