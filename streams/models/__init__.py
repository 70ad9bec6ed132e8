"""The tables of the stage, a file per noun."""

from streams.models.bans import Ban
from streams.models.drops import Drop, DropItem, DropState
from streams.models.lineup import DropOrder, LineupItem, Pin
from streams.models.picture import Ingest, PackRun, Segment, StreamKey
from streams.models.show import Host, Show, ShowMember, ShowMove

__all__ = [
    "Ban",
    "Drop",
    "DropItem",
    "DropOrder",
    "DropState",
    "Host",
    "Ingest",
    "LineupItem",
    "PackRun",
    "Pin",
    "Segment",
    "Show",
    "ShowMember",
    "ShowMove",
    "StreamKey",
]
