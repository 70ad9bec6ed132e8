"""Board: everything the Studio shows of one running show, gathered in one call.

The rule guarded here: what the host sees comes from the same rows as what viewers see and what the checkout sells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import ceil, floor
from typing import Any

from django.urls import reverse

from catalog.models import Product
from chat.messages import OPEN_STATES, recent_messages
from chat.models import Message, Mute
from chat.moderation import active_mutes
from checkout.models import Hold
from checkout.sales import Sales, sales_of
from livecommerce.accounts.models import User
from livecommerce.accounts.viewer import Viewer
from livecommerce.money import Money
from livecommerce.realtime import feed
from livecommerce.realtime.attendance import attendance
from livecommerce.realtime.feed import milliseconds
from livecommerce.snapshot import show_wire, you_now
from livecommerce.studio.checks import Checks, checks_of
from livecommerce.studio.codes import CodeRow, codes_of
from livecommerce.studio.drops import DropPlan, RunningDrop, next_plan, running_drop
from livecommerce.studio.picture import Delay, Health, delay_of, health_of
from livecommerce.studio.rundown import Rundown, rundown_of
from livecommerce.studio.ticker import Spark, TickerLine, latest_sales, spark_of
from streams.bans import active_bans
from streams.drops import Countdown, fair_countdown
from streams.models import Ban, LineupItem, Pin, Show
from streams.presence import rounded
from streams.video.ingest import EncoderSettings, encoder_settings

MESSAGES_SHOWN = 60
ANNOUNCE_CHOICES = (10, 30, 60)


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """An item on the picture now."""

    pin: Pin
    item: LineupItem
    image: str
    price: Money | None
    left: int

    @property
    def name(self) -> str:
        return self.item.product.name


class Board:
    """A running show as its team sees it at one moment. Each part is read once, when a panel asks for it."""

    announce_choices = ANNOUNCE_CHOICES

    def __init__(self, *, show: Show, user: User, now: datetime) -> None:
        self.show = show
        self.user = user
        self.now = now

    def boot(self, viewer: Viewer) -> dict[str, Any]:
        """What the page's scripts start from."""
        epoch, seq = feed.head(self.show.pk)
        return {
            "now": milliseconds(self.now),
            "epoch": epoch,
            "seq": seq,
            "show": show_wire(self.show),
            "socket_url": f"/ws/shows/{self.show.slug}/",
            "api": "/api/v1/",
            "you": you_now(self.show, viewer),
        }

    @property
    def writes_as(self) -> str:
        return self.user.get_short_name()

    @property
    def chat_open(self) -> bool:
        return self.show.state in OPEN_STATES

    @property
    def live_since(self) -> int | None:
        """When the show went live, in ms."""
        started = self.show.live_started_at
        return round(started.timestamp() * 1000) if started else None

    @property
    def live_seconds(self) -> float:
        started = self.show.live_started_at
        return ((self.show.ended_at or self.now) - started).total_seconds() if started else 0

    @property
    def reconnect_until(self) -> int | None:
        until = self.show.reconnect_until
        return round(until.timestamp() * 1000) if until else None

    @property
    def reconnect_seconds(self) -> float:
        until = self.show.reconnect_until
        return (until - self.now).total_seconds() if until else 0

    @property
    def reconnect_minutes(self) -> int:
        return self.show.reconnect_seconds // 60

    @property
    def preview_url(self) -> str:
        return self.show.playback_url if self.show.is_on_air else reverse("preview-playlist", args=[self.show.slug])

    @cached_property
    def picture_ready(self) -> bool:
        """Whether the preview has anything to load."""
        segments = self.show.segments.all() if self.show.is_upcoming else self.show.segments.filter(rehearsal=False)
        return segments.exists()

    @property
    def starts_in(self) -> float:
        """Seconds until the planned start; negative once it has passed."""
        return (self.show.starts_at - self.now).total_seconds()

    @cached_property
    def viewers(self) -> int:
        return rounded(attendance(room=self.show.pk, now=self.now)[0])

    @cached_property
    def encoder(self) -> EncoderSettings:
        return encoder_settings(self.show)

    @cached_property
    def checks(self) -> Checks:
        return checks_of(self.show, health=self.health, items=self.items, team=self.team)

    @cached_property
    def held(self) -> int:
        """Units in carts of this show."""
        return sum(Hold.objects.open().filter(show=self.show).values_list("quantity", flat=True))

    @cached_property
    def team(self) -> list[str]:
        return [member.user.get_full_name() for member in self.show.members.select_related("user")]

    @cached_property
    def items(self) -> Sequence[LineupItem]:
        return list(self.show.lineup.select_related("product").order_by("position", "pk"))

    @cached_property
    def pins(self) -> Sequence[Pin]:
        return list(self.show.pins.order_by("pinned_at", "pk"))

    @cached_property
    def pinned(self) -> Sequence[Pinned]:
        """What is on the picture, the newest first."""
        items = {item.pk: item for item in self.items}
        open_pins = [pin for pin in reversed(self.pins) if pin.unpinned_at is None and pin.item_id in items]
        offers = _offers([items[pin.item_id] for pin in open_pins])
        return [_pinned(pin, items[pin.item_id], offers) for pin in open_pins]

    @property
    def shown_pin(self) -> Pinned | None:
        """The pin that stands in the first panel: the running drop's own, if it is pinned, else the newest."""
        if self.running is None:
            return next(iter(self.pinned), None)
        product_id = self.running.drop.product_id
        return next((pinned for pinned in self.pinned if pinned.item.product_id == product_id), None)

    @property
    def also_pinned(self) -> Sequence[Pinned]:
        """The others, each with a way to take it down."""
        shown = self.shown_pin
        return [pinned for pinned in self.pinned if shown is None or pinned.pin != shown.pin]

    @property
    def pinned_ids(self) -> set[int]:
        return {pin.item_id for pin in self.pins if pin.unpinned_at is None}

    @cached_property
    def rundown(self) -> Rundown:
        return rundown_of(self.show, items=self.items, pins=self.pins, now=self.now)

    @cached_property
    def running(self) -> RunningDrop | None:
        return running_drop(self.show, now=self.now)

    @cached_property
    def plan(self) -> DropPlan | None:
        return next_plan(self.show, rundown=self.rundown, now=self.now)

    @cached_property
    def codes(self) -> list[CodeRow]:
        return codes_of(self.show, self.now)

    @property
    def no_drop_because(self) -> str:
        """Why no drop can be started now; empty when one can."""
        if self.running is not None:
            return "Waits for the running drop. One drop at a time."
        if not self.show.is_on_air:
            return "Drops start once the show is on air."
        if self.show.state == Show.State.INTERRUPTED:
            return "The picture is lost. Drops wait until it is back."
        if self.show.sales_paused:
            return "Sales are paused. Let them go on first."
        return self.plan.blocked_because if self.plan else ""

    @cached_property
    def delay(self) -> Delay | None:
        return delay_of(self.show, now=self.now)

    @cached_property
    def health(self) -> Health:
        return health_of(self.show, now=self.now)

    @cached_property
    def countdown(self) -> Countdown:
        """How long a fair pre-countdown is now."""
        return fair_countdown(self.show, self.now)

    @property
    def say_at(self) -> int:
        """Where on the countdown the host says GO: the slowest viewers' delay, rounded up."""
        return max(self.countdown.go_at, ceil(self.delay.slowest) if self.delay else 0)

    @property
    def slowest_hear_at(self) -> int:
        """Where on the countdown the slowest viewers hear GO."""
        return self.say_at - floor(self.delay.slowest) if self.delay else 0

    @property
    def demo_command(self) -> str:
        """How a made-up picture is sent from the server; the key is left out, as screens are seen by others."""
        return f"python -m livecommerce.demo.broadcaster {self.encoder.url}/KEY"

    @property
    def say_share(self) -> int:
        """The place of GO on the announcing line, in percent."""
        total = self.running.announce_seconds if self.running else 0
        return max(0, min(100, round(100 * (1 - self.say_at / total)))) if total else 0

    @cached_property
    def sales(self) -> Sales:
        return sales_of(self.show, self.now)

    @cached_property
    def ticker(self) -> Sequence[TickerLine]:
        return latest_sales(self.show)

    @cached_property
    def spark(self) -> Spark | None:
        starts = [pin.pinned_at for pin in self.pins]
        return spark_of(self.sales.per_minute, start=self.show.live_started_at, pins=starts)

    @cached_property
    def messages(self) -> Sequence[Message]:
        return recent_messages(show=self.show, limit=MESSAGES_SHOWN)

    @cached_property
    def mutes(self) -> Sequence[Mute]:
        return active_mutes(show=self.show, now=self.now)

    @cached_property
    def bans(self) -> Sequence[Ban]:
        return active_bans(show=self.show, now=self.now)


def _offers(items: Sequence[LineupItem]) -> dict[int, Product]:
    return {
        product.pk: product
        for product in Product.objects.with_offer().filter(pk__in=[item.product_id for item in items])
    }


def _pinned(pin: Pin, item: LineupItem, offers: dict[int, Product]) -> Pinned:
    product = offers[item.product_id]
    prices = [variant.price for variant in product.offer]
    left = sum(stock.left for variant in product.offer for stock in variant.shop_stocks)
    image = product.gallery[0].url if product.gallery else ""
    return Pinned(pin=pin, item=item, image=image, price=min(prices, default=None), left=left)
