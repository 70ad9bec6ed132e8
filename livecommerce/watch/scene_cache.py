"""Scenes: what a show page shows to everyone, composed at most once a second in each process.

The rule guarded here: the copy is keyed by the show's feed number and state version, so nothing that the feed told is
ever missing from a page; only counts may be a second old, and the socket brings those up to date when it opens.
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from livecommerce.realtime import feed
from livecommerce.snapshot import head_of, opening_of
from livecommerce.watch.card_view import Wire
from livecommerce.watch.show_cards import Scene
from streams.models import Show

KEEP_SECONDS = 1.0
MOST_KEPT = 64
MESSAGES = 30


@dataclass(frozen=True, kw_only=True)
class PublicScene:
    """The part of a show page that is the same for everyone."""

    epoch: str
    seq: int
    items: list[Wire]
    # When an item was first pinned, on the picture's clock, the earliest first.
    shown: dict[int, datetime]
    state: dict[str, Wire]
    messages: list[Wire]

    def for_viewer(self, show: Show, you: Wire, now: datetime) -> Scene:
        """Add what is promised to one viewer."""
        drops = {int(key.removeprefix("drop:")): value for key, value in self.state.items() if key.startswith("drop:")}
        # An item's card is composed now, the feed's copy of a drop when it last changed.
        drops |= {item["drop"]["id"]: item["drop"] for item in self.items if item["drop"]}
        return Scene(
            slug=show.slug,
            epoch=self.epoch,
            seq=self.seq,
            now=feed.milliseconds(now),
            items=self.items,
            drops=list(drops.values()),
            pins=[item["id"] for item in self.state["pins"]["items"]],
            stock={key.removeprefix("stock:"): value for key, value in self.state.items() if key.startswith("stock:")},
            sales=self.state["sales"],
            holds=you["holds"],
            places=you["queue"],
        )

    @property
    def viewers(self) -> int:
        return int(self.state.get("viewers", {}).get("count", 0))


_kept: dict[tuple[Any, ...], tuple[float, PublicScene]] = {}
_composing = threading.Lock()


def forget_scenes() -> None:
    """Compose every scene anew."""
    _kept.clear()


def public_scene(show: Show, now: datetime) -> PublicScene:
    """Return the scene of a show that was loaded `with_room()`, at most a second old."""
    epoch, seq = head_of(show)
    key = (show.pk, show.state_version, epoch, seq)
    kept = _kept.get(key)
    if kept and time.monotonic() - kept[0] < KEEP_SECONDS:
        return kept[1]
    opening = opening_of(show, messages=MESSAGES, now=now)
    scene = PublicScene(
        epoch=epoch,
        seq=seq,
        items=opening.stage.items,
        shown=opening.stage.shown,
        state={name: value for name, (_, value) in opening.state.items()},
        messages=[message for message in opening.messages if not message.get("deleted")],
    )
    with _composing:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = (time.monotonic(), scene)
    return scene
