"""Chapters: a replay cut by what was on the picture. They are the pins, at their place on the picture's clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from livecommerce.realtime import feed
from livecommerce.watch.card_view import Wire
from livecommerce.watch.show_cards import Scene, lineup_rows
from streams.models import Show


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


def chapters_of(show: Show, scene: Scene, shown: Mapping[int, datetime]) -> list[Chapter]:
    """Return one chapter per product, in the order of `shown`: when each item was first on the picture."""
    rows = {row["item"]["id"]: row for row in lineup_rows(scene)}
    began = show.live_started_at
    return [
        Chapter(
            row=rows[item_id],
            programme_at=feed.milliseconds(moment),
            seconds=max(0.0, (moment - began).total_seconds()) if began else 0.0,
        )
        for item_id, moment in shown.items()
        if item_id in rows
    ]
