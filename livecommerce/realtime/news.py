"""What leaves a verb after its commit, in one shape for this process and for the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self
from uuid import UUID


@dataclass(slots=True)
class RoomNews:
    """News for one room: encoded once by the publisher, joined with others by each hub.

    ``events`` are ``(seq, bytes)``, ``state`` is ``key: (version, bytes)``, ``reactions`` are counts to add,
    ``studio`` goes to dashboards only.
    """

    room: int
    epoch: str = ""
    events: list[tuple[int, bytes]] = field(default_factory=list)
    state: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    reactions: dict[str, int] = field(default_factory=dict)
    studio: list[bytes] = field(default_factory=list)
    urgent: bool = False

    def join(self, other: RoomNews) -> None:
        """Add later news of the same room; of a state key the higher version stays."""
        self.epoch = other.epoch or self.epoch
        self.events += other.events
        for key, entry in other.state.items():
            if key not in self.state or entry[0] > self.state[key][0]:
                self.state[key] = entry
        for emoji, count in other.reactions.items():
            self.reactions[emoji] = self.reactions.get(emoji, 0) + count
        self.studio += other.studio
        self.urgent = self.urgent or other.urgent

    def pack(self) -> dict[str, Any]:
        """Give a form that every channel layer carries."""
        return {
            "room": self.room,
            "epoch": self.epoch,
            "events": [list(event) for event in self.events],
            "state": [[key, version, value] for key, (version, value) in self.state.items()],
            "reactions": self.reactions,
            "studio": self.studio,
            "urgent": self.urgent,
        }

    @classmethod
    def unpack(cls, packed: dict[str, Any]) -> Self:
        """Read what another process packed."""
        return cls(
            room=packed["room"],
            epoch=packed["epoch"],
            events=[(seq, wire) for seq, wire in packed["events"]],
            state={key: (version, value) for key, version, value in packed["state"]},
            reactions=packed["reactions"],
            studio=packed["studio"],
            urgent=packed["urgent"],
        )


class AlikeNews(NamedTuple):
    """The same private news for many viewers but for one number, which stands between `before` and `after`."""

    before: bytes
    after: bytes
    each: Sequence[tuple[UUID, int]]

    def wire(self, number: int) -> bytes:
        return b"%b%d%b" % (self.before, number, self.after)

    def pack(self) -> dict[str, Any]:
        """Give a form that every channel layer carries."""
        viewers = b"".join([visitor_id.bytes for visitor_id, _ in self.each])
        return {"before": self.before, "after": self.after, "viewers": viewers, "numbers": [n for _, n in self.each]}

    @classmethod
    def unpack(cls, packed: dict[str, Any]) -> Self:
        """Read what another process packed."""
        viewers = bytes(packed["viewers"])
        ids = (UUID(bytes=viewers[at : at + 16]) for at in range(0, len(viewers), 16))
        return cls(packed["before"], packed["after"], list(zip(ids, packed["numbers"], strict=True)))
