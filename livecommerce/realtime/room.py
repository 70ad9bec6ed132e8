"""A room as one process sees it: what is on the screens now, what waits for the next tick, who watches.

Rule guarded here: events leave in the order of their numbers without a hole, and of a state key only newer versions.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from livecommerce.realtime.news import RoomNews
from livecommerce.realtime.protocol import BEAT_EVERY, RECENT_EVENTS, RESUME_EVENTS, RESUME_SECONDS
from livecommerce.realtime.wire import Frame, Wire

if TYPE_CHECKING:
    from livecommerce.realtime.logins import Login

# A beat tells what was handled; one that is further behind than this is too slow for events.
_LAG_SECONDS = 5.0
SILENT_SECONDS = 60.0
# Who has this much unread, or takes nothing for this long, is dropped and resyncs.
STUCK_BYTES = 256 * 1024
STUCK_SECONDS = 10.0


@dataclass(slots=True, eq=False)
class Seat:
    """One client in a room."""

    wire: Wire
    visitor_id: UUID | None
    studio: bool
    heard_at: float
    # Slow clients are first sent state only (since when, in monotonic seconds), then closed.
    slow_since: float | None = None
    stuck_since: float | None = None
    # A frame was not written at all, because too much waited: state has no numbers that would show it.
    missed: bool = False
    hidden: bool = False
    lags: int = 0
    login: Login | None = None
    # Sent away: whatever the client still says is not heard.
    dismissed: bool = False

    def is_lost(self, now: float) -> bool:
        """Tell whether the client has read nothing for too long, or said nothing."""
        if self.stuck_since is None:
            return now - self.heard_at > SILENT_SECONDS
        if waiting := self.wire.waiting():
            return waiting > STUCK_BYTES or now - self.stuck_since > STUCK_SECONDS
        self.stuck_since = None
        return False


@dataclass(slots=True)
class Loaded:
    """A room as the database has it: the position was read first, so what it misses comes as news."""

    epoch: str
    seq: int
    tail: list[tuple[int, bytes]]
    show: bytes
    state: dict[str, tuple[int, bytes]]


@dataclass(slots=True)
class Sheet:
    """What leaves at a tick: one frame for all, one without events for slow clients, one for the Studio."""

    everyone: Frame | None = None
    slow: Frame | None = None
    studio: list[Frame] = field(default_factory=list)


class Room:
    """The joined news of one show, and the seats that get them."""

    def __init__(self, room_id: int) -> None:
        self.id = room_id
        self.seats: set[Seat] = set()
        self.epoch = ""
        self.seq = 0
        self.show = b"{}"
        self.state: dict[str, tuple[int, bytes]] = {}
        self.reactions: dict[str, int] = {}
        self.hole_since: float | None = None
        self._ring: deque[tuple[int, float, bytes]] = deque(maxlen=RESUME_EVENTS)
        self._waiting: dict[int, bytes] = {}
        self._changed: set[str] = set()
        self._studio: list[bytes] = []
        self._passed: deque[tuple[float, int]] = deque(maxlen=120)
        self._body: bytes | None = None

    def load(self, loaded: Loaded) -> None:
        """Take over what the database has: at opening, and when history was replaced."""
        self.epoch, self.seq, self.show = loaded.epoch, loaded.seq, loaded.show
        self._ring.clear()
        self._ring.extend((seq, orjson.loads(wire)["at"] / 1000, wire) for seq, wire in loaded.tail)
        self._waiting = {seq: wire for seq, wire in self._waiting.items() if seq > self.seq}
        for key, entry in loaded.state.items():
            self._keep(key, entry)
        self._changed.clear()
        self._body = None

    def refresh(self, show: bytes, state: dict[str, tuple[int, bytes]]) -> bool:
        """Compare with the database's state; True if something newer was found that no news had told."""
        if show != self.show:
            self.show, self._body = show, None
        for key, entry in state.items():
            self._keep(key, entry)
        return bool(self._changed)

    def add(self, news: RoomNews) -> bool:
        """Take in news for the next tick; False if they belong to another epoch and the room must be loaded anew."""
        if news.epoch and self.epoch and news.epoch != self.epoch:
            return False
        for seq, wire in news.events:
            if seq > self.seq:
                self._waiting[seq] = wire
        for key, entry in news.state.items():
            self._keep(key, entry)
        for emoji, count in news.reactions.items():
            self.reactions[emoji] = self.reactions.get(emoji, 0) + count
        self._studio += news.studio
        return True

    def add_missing(self, events: list[tuple[int, bytes]]) -> None:
        """Take in events read from the feed."""
        for seq, wire in events:
            if seq > self.seq:
                self._waiting[seq] = wire

    def lacks(self, seq: int) -> bool:
        """Tell whether an event has neither left nor waits to."""
        return seq > self.seq and seq not in self._waiting

    def tick_reactions(self) -> bool:
        """Turn the reactions counted since the last time into the state ``reactions``; True if there were any."""
        if not self.reactions:
            return False
        counts, self.reactions = self.reactions, {}
        self._keep("reactions", (_now_ms(), orjson.dumps({"counts": counts})))
        return True

    def has_news(self) -> bool:
        """Tell whether a tick would send anything."""
        return self.seq + 1 in self._waiting or bool(self._changed) or bool(self._studio)

    def has_state(self) -> bool:
        """Tell whether some state has changed that was not sent."""
        return bool(self._changed)

    def sheet(self, *, with_state: bool = True) -> Sheet:
        """Take what is due: the unbroken run of events, the changed state, the Studio's news."""
        first, now = self.seq + 1, time.time()
        events: list[bytes] = []
        while (wire := self._waiting.pop(self.seq + 1, None)) is not None:
            self.seq += 1
            events.append(wire)
            self._ring.append((self.seq, now, wire))
            self._note(wire)
        self.hole_since = (self.hole_since or time.monotonic()) if self._waiting else None
        changed = set[str]()
        if with_state:
            changed, self._changed = self._changed, changed
        studio, self._studio = self._studio, []
        sheet = Sheet(studio=[Frame(b'{"studio":' + wire + b"}") for wire in studio])
        if events or changed:
            self._body = None
            self._passed.append((time.monotonic(), self.seq))
            state = self._state_wire(changed)
            sheet.everyone = Frame(
                b'{"now":%d,"from":%d,"to":%d,"events":[%b],"state":%b}'
                % (_now_ms(), first, self.seq, b",".join(events), state)
            )
            if changed:
                sheet.slow = Frame(b'{"now":%d,"state":%b}' % (_now_ms(), state))
        return sheet

    def answer_hello(self, epoch: str, seq: int, you: bytes) -> Frame:
        """Give everything after a number, or a snapshot: all of it or none."""
        missed = self._after(seq) if epoch == self.epoch else None
        if missed is None:
            return self.greet(b"snapshot", you)
        return Frame(
            b'{"resumed":{"now":%d,"epoch":"%b","from":%d,"to":%d,"events":[%b],"state":%b,"you":%b}}'
            % (_now_ms(), self.epoch.encode(), seq + 1, self.seq, b",".join(missed), self._state_wire(self.state), you)
        )

    def greet(self, word: bytes, you: bytes) -> Frame:
        """Give the whole room as ``welcome`` or ``snapshot``."""
        return Frame(b'{"%b":{"now":%d,"you":%b,%b}}' % (word, _now_ms(), you, self.body()))

    def body(self) -> bytes:
        """Give the part of a snapshot that is the same for everyone; built at most once a tick."""
        if self._body is None:
            recent = islice(self._ring, max(0, len(self._ring) - RECENT_EVENTS), None)
            self._body = b'"epoch":"%b","seq":%d,"show":%b,"state":%b,"recent":[%b],"beat_every":%d' % (
                self.epoch.encode(),
                self.seq,
                self.show,
                self._state_wire(self.state),
                b",".join(wire for _, _, wire in recent),
                BEAT_EVERY,
            )
        return self._body

    def lags(self, seq: int) -> bool:
        """Tell whether a client that handled this number is seconds behind what was sent."""
        deadline = time.monotonic() - _LAG_SECONDS
        due = 0
        for at, passed in self._passed:
            if at > deadline:
                break
            due = passed
        return seq < due

    def _after(self, seq: int) -> list[bytes] | None:
        if seq == self.seq:
            return []
        if seq > self.seq or not self._ring:
            return None
        if seq + 1 < self._ring[0][0]:
            return None
        missed = [(at, wire) for number, at, wire in self._ring if number > seq]
        if missed[0][0] < time.time() - RESUME_SECONDS:
            return None
        return [wire for _, wire in missed]

    def _note(self, wire: bytes) -> None:
        """Keep what an event changes for those who come later. Text cannot look like this: its quotes are escaped."""
        if b'"message_seq":' in wire:
            self._redact(orjson.loads(wire)["message_seq"])
        elif b'"type":"drop.' in wire:
            # Who is here got the card with the event; a snapshot shows it under the event's number.
            drop = orjson.loads(wire)["drop"]
            self.state[f"drop:{drop['id']}"] = (self.seq, orjson.dumps(drop))

    def _redact(self, seq: int) -> None:
        for place, (number, at, wire) in enumerate(self._ring):
            if number == seq:
                redacted = {**orjson.loads(wire), "text": "", "deleted": True}
                self._ring[place] = (number, at, orjson.dumps(redacted))

    def _keep(self, key: str, entry: tuple[int, bytes]) -> None:
        known = self.state.get(key)
        if known is None or entry[0] > known[0]:
            self.state[key] = entry
            self._changed.add(key)
            self._body = None

    def _state_wire(self, keys: set[str] | dict[str, tuple[int, bytes]]) -> bytes:
        entries = (b'"%b":[%d,%b]' % (key.encode(), *self.state[key]) for key in keys)
        return b"{" + b",".join(entries) + b"}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
