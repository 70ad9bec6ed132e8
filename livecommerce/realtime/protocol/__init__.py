"""The wire, once: every event the server tells and every command a client sends.

Reading this file top to bottom is learning what the product does live. ``static/js/protocol.js`` is its twin and a test
compares the two. Names are snake_case, ids are integers, moments are integer milliseconds since 1970 and money is
``{"amount": minor units, "currency": "EUR"}``.

Three audiences: an ``Event`` goes to everyone in a show through its numbered feed, ``PrivateNews`` to the sockets of
one viewer, ``StudioNews`` to the host's dashboards of one show.
"""

from __future__ import annotations

from livecommerce.realtime.protocol.commands import (
    COMMANDS,
    BadCommand,
    Beat,
    ClaimCode,
    Clock,
    Command,
    ExtendHold,
    Hello,
    JoinQueue,
    LeaveQueue,
    PlaceHold,
    PostMessage,
    ReleaseHold,
    SendReaction,
    UnknownCommand,
    parse_command,
)
from livecommerce.realtime.protocol.events import (
    EVENTS,
    CodeDropped,
    DropClosed,
    DropDrawn,
    DropOpened,
    DropPaused,
    DropResumed,
    DropScheduled,
    DropSoldOut,
    Event,
    ItemPinned,
    ItemUnpinned,
    MessageDeleted,
    MessagePosted,
    News,
    Policy,
    ShowEnded,
    ShowInterrupted,
    ShowResumed,
    ShowWentLive,
)
from livecommerce.realtime.protocol.news import (
    PRIVATE_NEWS,
    STUDIO_NEWS,
    HoldExpired,
    HoldExtended,
    HoldPlaced,
    HoldReleased,
    HoldTaken,
    OrderPaid,
    PrivateNews,
    QueueClosed,
    QueueJoined,
    QueueMoved,
    QueueOffered,
    QueuePassed,
    SaleTicked,
    StudioNews,
    ViewerMuted,
    ViewerUnmuted,
)

FRAME_BYTES = 4096
BEAT_EVERY = 10
RECENT_EVENTS = 50
RESUME_EVENTS = 300
RESUME_SECONDS = 120

CLOSE_RESTARTING = 1012
CLOSE_TOO_LARGE = 1009
CLOSE_SIGN_IN = 4001
CLOSE_BANNED = 4003
CLOSE_TOO_SLOW = 4008
CLOSE_TOO_MANY = 4029

__all__ = [
    "BEAT_EVERY",
    "CLOSE_BANNED",
    "CLOSE_RESTARTING",
    "CLOSE_SIGN_IN",
    "CLOSE_TOO_LARGE",
    "CLOSE_TOO_MANY",
    "CLOSE_TOO_SLOW",
    "COMMANDS",
    "EVENTS",
    "FRAME_BYTES",
    "PRIVATE_NEWS",
    "RECENT_EVENTS",
    "RESUME_EVENTS",
    "RESUME_SECONDS",
    "STUDIO_NEWS",
    "BadCommand",
    "Beat",
    "ClaimCode",
    "Clock",
    "CodeDropped",
    "Command",
    "DropClosed",
    "DropDrawn",
    "DropOpened",
    "DropPaused",
    "DropResumed",
    "DropScheduled",
    "DropSoldOut",
    "Event",
    "ExtendHold",
    "Hello",
    "HoldExpired",
    "HoldExtended",
    "HoldPlaced",
    "HoldReleased",
    "HoldTaken",
    "ItemPinned",
    "ItemUnpinned",
    "JoinQueue",
    "LeaveQueue",
    "MessageDeleted",
    "MessagePosted",
    "News",
    "OrderPaid",
    "PlaceHold",
    "Policy",
    "PostMessage",
    "PrivateNews",
    "QueueClosed",
    "QueueJoined",
    "QueueMoved",
    "QueueOffered",
    "QueuePassed",
    "ReleaseHold",
    "SaleTicked",
    "SendReaction",
    "ShowEnded",
    "ShowInterrupted",
    "ShowResumed",
    "ShowWentLive",
    "StudioNews",
    "UnknownCommand",
    "ViewerMuted",
    "ViewerUnmuted",
    "parse_command",
]
