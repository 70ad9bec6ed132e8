"""Rundown: the line-up as a timed plan.

The rule guarded here: planned times come from the plan, real ones from the pins.

A cue begins when its product is first pinned and is done when the next one begins. Over and under compare the clock of
the show with the plan, signed and in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from streams.models import LineupItem, Pin, Show

type CueState = Literal["done", "now", "later"]


@dataclass(frozen=True, kw_only=True)
class Cue:
    """One line of the rundown; times are seconds from the start of the show."""

    item: LineupItem
    state: CueState
    planned_at: int
    planned_seconds: int
    began_at: datetime | None = None
    took_seconds: int | None = None

    @property
    def title(self) -> str:
        """What the host calls it: a planned drop says so."""
        return f"Drop: {self.item.product.name}" if self.is_drop else self.item.product.name

    @property
    def words(self) -> str:
        """What the host wants to remember now."""
        return self.item.notes or self.item.cue

    @property
    def is_drop(self) -> bool:
        return self.item.drop_price_minor is not None

    @property
    def shown_seconds(self) -> int:
        """How long it took, else how long it may take."""
        return self.took_seconds if self.took_seconds is not None else self.planned_seconds

    @property
    def ends_by(self) -> datetime | None:
        """When the running cue's planned time is over."""
        return self.began_at + timedelta(seconds=self.planned_seconds) if self.began_at else None


@dataclass(frozen=True, kw_only=True)
class Rundown:
    """The plan and where the show stands in it."""

    cues: Sequence[Cue]
    now: Cue | None
    next: Cue | None
    late_seconds: int
    over_seconds: int
    ends_at: datetime | None

    @property
    def over_word(self) -> str:
        if self.over_seconds == 0:
            return "on time"
        return "over" if self.over_seconds > 0 else "under"

    @property
    def over_clock(self) -> str:
        """`+0:11` or `-1:10`; empty when on time."""
        minutes, seconds = divmod(abs(self.over_seconds), 60)
        sign = "+" if self.over_seconds > 0 else "−"
        return f"{sign}{minutes}:{seconds:02d}" if self.over_seconds else ""

    @property
    def coming(self) -> Sequence[Cue]:
        """The next two, for the phone."""
        later = [cue for cue in self.cues if cue.state == "later" and cue is not self.next]
        return later[:2]


def rundown_of(show: Show, *, items: Iterable[LineupItem], pins: Iterable[Pin], now: datetime) -> Rundown:
    """Lay the line-up and the pins of a show on its clock."""
    first_pin: dict[int, datetime] = {}
    open_pin: int | None = None
    for pin in sorted(pins, key=lambda pin: pin.pinned_at):
        first_pin.setdefault(pin.item_id, pin.pinned_at)
        if pin.unpinned_at is None:
            open_pin = pin.item_id
    ordered = sorted(items, key=lambda item: (item.position, item.pk))
    current = open_pin if show.is_on_air else None
    cues, planned_at = [], 0
    for item in ordered:
        planned = item.planned_minutes * 60
        cues.append(_cue(item, planned_at=planned_at, planned=planned, current=current, first_pin=first_pin, show=show))
        planned_at += planned
    at = next((place for place, cue in enumerate(cues) if cue.state == "now"), None)
    now_cue = cues[at] if at is not None else None
    following = cues[at + 1 :] if at is not None else cues
    next_cue = next((cue for cue in following if cue.state == "later"), None)
    late = _late_seconds(show, now_cue)
    over = late + _beyond_seconds(now_cue, now)
    start = show.live_started_at or show.starts_at
    return Rundown(
        cues=cues,
        now=now_cue,
        next=next_cue,
        late_seconds=late,
        over_seconds=over,
        ends_at=start + timedelta(seconds=planned_at + max(0, over)) if cues else None,
    )


def _cue(
    item: LineupItem, *, planned_at: int, planned: int, current: int | None, first_pin: dict[int, datetime], show: Show
) -> Cue:
    began = first_pin.get(item.pk)
    state: CueState = "later"
    took = None
    if item.pk == current:
        state = "now"
    elif item.done_at or (began and not show.is_upcoming):
        state = "done"
        if began:
            after = [moment for moment in first_pin.values() if moment > began]
            ended = min(after, default=item.done_at)
            took = round((ended - began).total_seconds()) if ended else None
    return Cue(
        item=item, state=state, planned_at=planned_at, planned_seconds=planned, began_at=began, took_seconds=took
    )


def _late_seconds(show: Show, cue: Cue | None) -> int:
    """How much later than planned the running cue began; negative when earlier."""
    if cue is None or cue.began_at is None or show.live_started_at is None:
        return 0
    return round((cue.began_at - show.live_started_at).total_seconds()) - cue.planned_at


def _beyond_seconds(cue: Cue | None, now: datetime) -> int:
    """How much longer than planned the running cue lasts already."""
    if cue is None or cue.ends_by is None:
        return 0
    return max(0, round((now - cue.ends_by).total_seconds()))
