"""The snapshot: what a client loads on connect, over the socket or over HTTP, and the polling twin of the socket.

Rule guarded here: a snapshot and the events after it give the same screen as a fresh snapshot. The public part is the
same bytes for everyone; ``you`` is asked for many viewers with one query.
"""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema

from chat.moderation import standing_of
from checkout import code_cards, counts
from checkout.cards import hold_card
from checkout.models import Hold
from checkout.queue import places_of
from livecommerce.accounts.api_auth import ANYONE
from livecommerce.accounts.models import Visitor
from livecommerce.accounts.viewer import Viewer, who_asks
from livecommerce.errors import BadInput
from livecommerce.realtime import feed
from livecommerce.realtime.batch import Batch
from livecommerce.realtime.protocol import BEAT_EVERY, RECENT_EVENTS
from streams import presence
from streams.bans import Banned
from streams.lineup import Stage, pins_state, stage_of
from streams.models import Show
from streams.shows import role_in, sales_state, show_for_viewer, show_state

router = Router(tags=["live"])

# One public copy per process and moment; beyond this age it is composed again.
_KEEP_SECONDS = 0.5
_DROP_EVENTS = 200
_PIN_KINDS = ("item.pinned", "item.unpinned")
_CODE_KINDS = ("code.dropped",)
_MESSAGE_KINDS = ("message.posted",)
_DROP_KINDS = (
    *("drop.scheduled", "drop.opened", "drop.paused", "drop.resumed"),
    *("drop.sold_out", "drop.drawn", "drop.closed"),
)

type State = dict[str, tuple[int, dict[str, Any]]]


def room_source(show_id: int) -> tuple[dict[str, Any], State]:
    """Give a room's ``show`` object and its state by key, as the database has them now."""
    show = _show(show_id)
    return show_wire(show), state_of(show)


def head_of(show: Show) -> tuple[str, int]:
    """Give epoch and last number of the feed of a show that was loaded `with_room()`."""
    if show.feed_epoch is None or show.feed_seq is None:
        return feed.open_room(show.pk)
    return show.feed_epoch, show.feed_seq


def show_wire(show: Show) -> dict[str, Any]:
    """Give the head of a snapshot: what the show is."""
    return {
        "id": show.pk,
        "slug": show.slug,
        "title": show.title,
        "starts_at": feed.milliseconds(show.starts_at),
        "host": {"name": show.host.name, "handle": show.host.handle},
        "brand": {"name": show.brand.name, "slug": show.brand.slug},
        **show_state(show),
    }


def state_of(show: Show) -> State:
    """Give every state key of a show, loaded `with_room()`, with its version."""
    now = timezone.now()
    told = feed.newest(show.pk, (_PIN_KINDS, 1), (_DROP_KINDS, _DROP_EVENTS), (_CODE_KINDS, 1))
    return _state(show, told, pins_state(show, now), now)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a page prints of a show before its socket is open: its state, the whole line-up, what was said last."""

    stage: Stage
    state: State
    messages: list[dict[str, Any]]


def opening_of(show: Show, *, messages: int, now: datetime) -> Opening:
    """Give state, line-up and messages of a show, each table read once."""
    kinds = ((_PIN_KINDS, 1), (_DROP_KINDS, _DROP_EVENTS), (_CODE_KINDS, 1), (_MESSAGE_KINDS, messages))
    *told, said = feed.newest(show.pk, *kinds)
    stage = stage_of(show, now)
    return Opening(stage=stage, state=_state(show, told, stage.pins, now), messages=said)


def _show(show_id: int) -> Show:
    return Show.objects.with_people().with_room(timezone.now()).get(pk=show_id)


def _state(show: Show, told: list[list[dict[str, Any]]], pinned: dict[str, Any], now: datetime) -> State:
    pins, drops, codes = told
    state: State = {
        "show": (show.state_version, show_state(show)),
        "sales": (show.sales_version, sales_state(show)),
        "pins": (pins[-1]["seq"] if pins else 0, pinned),
    }
    # The last event of a drop carries its card, so the feed is the state.
    for event in drops:
        state[f"drop:{event['drop']['id']}"] = (event["seq"], event["drop"])
    if codes:
        state |= code_cards.state_of(show)
    return state | counts.state_of(show, now) | presence.state_of(show)


# You ------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Promises:
    """What is kept for one visitor: open holds and queue places, and per show what they may not do, and why."""

    holds: list[dict[str, Any]] | None = field(default_factory=list)
    queue: list[dict[str, Any]] | None = field(default_factory=list)
    muted: dict[int, dict[str, Any]] = field(default_factory=dict)
    bans: dict[int, Banned] = field(default_factory=dict)


NOTHING = Promises()


def you_wire(viewer: Viewer, role: str, mine: Promises | None = None, *, show_id: int | None = None) -> dict[str, Any]:
    """Give the private part: who you are here, what is promised to you, and until when you cannot write."""
    mine = mine or NOTHING
    return {
        "visitor": Visitor(id=viewer.visitor_id).public_id if viewer.visitor_id else None,
        "name": viewer.name,
        "signed_in": viewer.signed_in,
        "role": role,
        "holds": mine.holds,
        "queue": mine.queue,
        "muted": mine.muted.get(show_id) if show_id else None,
    }


def promises_to(visitor_ids: list[UUID], *, admits: bool = True) -> list[Promises | Exception]:
    """Give what is kept for many visitors with a few queries, one answer each, in order.

    A page asks without ``admits``: its socket asks a moment later who may write, and who may come in.
    """
    now = timezone.now()
    holds: dict[UUID, list[dict[str, Any]]] = {}
    for hold in Hold.objects.filter(buyer_id__in=visitor_ids).open().with_card().order_by("expires_at"):
        holds.setdefault(hold.buyer_id, []).append(hold_card(hold, now))
    places = places_of(visitor_ids)
    mutes, bans = standing_of(visitor_ids, now=now) if admits else ({}, {})
    muted: dict[UUID, dict[int, dict[str, Any]]] = {}
    for (one, show), mute in mutes.items():
        muted.setdefault(one, {})[show] = {"until": feed.milliseconds(mute.until), "reason": mute.reason}
    out: dict[UUID, dict[int, Banned]] = {}
    for (one, show), ban in bans.items():
        out.setdefault(one, {})[show] = Banned.by(ban, now=now)
    return [
        Promises(holds=holds.get(one, []), queue=places.get(one, []), muted=muted.get(one, {}), bans=out.get(one, {}))
        for one in visitor_ids
    ]


# Thousands who reconnect at once share these queries.
promises: Batch[UUID, Promises] = Batch("you", lambda _, visitor_ids: promises_to(visitor_ids), linger=0.01)


def you_now(show: Show, viewer: Viewer) -> dict[str, Any]:
    """Give the private part of one viewer for a page."""
    return you_wire(viewer, role_in(show, viewer), _mine(viewer, admits=False), show_id=show.pk)


def you_admitted(show: Show, viewer: Viewer) -> dict[str, Any]:
    """Give the same to someone who takes part over HTTP, with the mute that holds.

    :raises Banned: the team has sent them out.
    """
    mine = _mine(viewer, admits=True)
    if mine is not None and show.pk in mine.bans:
        raise mine.bans[show.pk]
    return you_wire(viewer, role_in(show, viewer), mine, show_id=show.pk)


def _mine(viewer: Viewer, *, admits: bool) -> Promises | None:
    mine = promises_to([viewer.visitor_id], admits=admits)[0] if viewer.visitor_id else None
    return mine if isinstance(mine, Promises) else None


# The HTTP twins ------------------------------------------------------------


class _Copies:
    """The public part of each show's snapshot, composed at most twice a second in this process."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[float, bytes]] = {}
        self._lock = threading.Lock()

    def of(self, show_id: int) -> bytes:
        kept = self._kept.get(show_id)
        if kept and time.monotonic() - kept[0] < _KEEP_SECONDS:
            return kept[1]
        with self._lock:  # One composes, the others wait for it.
            kept = self._kept.get(show_id)
            if kept and time.monotonic() - kept[0] < _KEEP_SECONDS:
                return kept[1]
            self._kept[show_id] = kept = (time.monotonic(), _compose(show_id))
            return kept[1]

    def forget(self) -> None:
        self._kept.clear()


_copies = _Copies()


def forget_copies() -> None:
    """Compose every snapshot anew."""
    _copies.forget()


def _compose(show_id: int) -> bytes:
    # Position first, then state: what happens in between is read again as events and harmless to apply twice.
    show = _show(show_id)
    epoch, seq = head_of(show)
    state = state_of(show)
    recent = [wire for number, wire in feed.tail(show_id, limit=RECENT_EVENTS) if number <= seq]
    return b'"epoch":"%b","seq":%d,"show":%b,"state":%b,"recent":[%b],"beat_every":%d' % (
        epoch.encode(),
        seq,
        orjson.dumps(show_wire(show)),
        orjson.dumps(state),
        b",".join(recent),
        BEAT_EVERY,
    )


@router.get("shows/{slug}/snapshot", auth=ANYONE, summary="Everything that the socket's welcome holds")
def snapshot(request: HttpRequest, slug: str, part: str = "") -> HttpResponse:
    """Give the snapshot. Without an identity, or with ``part=public``, it is the same for all and may be cached."""
    viewer = who_asks(request)
    show = show_for_viewer(slug, viewer)
    public = part == "public" or viewer.visitor_id is None
    you = you_wire(Viewer(), "viewer") if public else you_admitted(show, viewer)
    body = _copies.of(show.pk)
    now = time.time_ns() // 1_000_000
    if public:
        etag = f'"{hashlib.blake2s(body, digest_size=12).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag:
            answer = HttpResponse(status=304)
        else:
            answer = _json(b'{"now":%d,"you":%b,%b}' % (now, orjson.dumps(you), body))
        answer["ETag"] = etag
        answer["Cache-Control"] = "public, max-age=1, stale-while-revalidate=5"
    else:
        answer = _json(b'{"now":%d,"you":%b,%b}' % (now, orjson.dumps(you), body))
        answer["Cache-Control"] = "private, no-store"
    answer["Vary"] = "Cookie, Authorization"
    return answer


class PictureIn(Schema):
    """How the picture runs where there is no socket to beat over."""

    behind_ms: int | None = None
    stalls: int = 0
    hidden: bool = False


@router.get("shows/{slug}/feed", auth=ANYONE, summary="What happened after a number: polling in place of the socket")
def feed_after(
    request: HttpRequest, slug: str, picture: Query[PictureIn], epoch: str = "", after: int = -1
) -> HttpResponse:
    """Answer as the socket answers hello: ``resumed`` with all that was missed, or ``snapshot``.

    Who asks counts as present for twenty seconds.

    :raises BadInput: a negative number.
    """
    if after < 0:
        raise BadInput(fields={"after": "Give the number of the last event that was handled."})
    viewer, moment = who_asks(request), timezone.now()
    show = show_for_viewer(slug, viewer, shows=Show.objects.with_room(moment))
    mine = you_admitted(show, viewer)
    events = feed.since(show.pk, epoch, after)
    now = time.time_ns() // 1_000_000
    if mine["role"] == "viewer":
        presence.hear_poll(show, viewer, now=moment, **picture.dict())
    you = orjson.dumps(mine)
    if events is None:
        answer = _json(b'{"snapshot":{"now":%d,"you":%b,%b}}' % (now, you, _copies.of(show.pk)))
    else:
        resumed = {
            "now": now,
            "epoch": epoch,
            "from": after + 1,
            "to": after + len(events),
            "events": events,
            "state": state_of(show),
        }
        answer = _json(b'{"resumed":%b,"you":%b}}' % (orjson.dumps(resumed)[:-1], you))
    answer["Cache-Control"] = "private, no-store"
    return answer


def _json(body: bytes) -> HttpResponse:
    return HttpResponse(body, content_type="application/json")
