"""Drops: announce, open, pause, close. The rule guarded here: the clock at receipt decides, no promise changes.

A drop's units move out of the shop when it is announced and what nobody took moves back when it is over. Price, limit
and end are fixed at the announcement; only a pause of the whole show moves the end, by as long as the clocks stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, OuterRef
from django.urls import reverse

from catalog.fingerprints import milliseconds
from catalog.models import Stock, Variant
from catalog.prices import lowest_prices_30_days, note_drop_price
from catalog.products import product_card
from catalog.stock import allot_to_drop, return_from_drop
from livecommerce.errors import NotFound, Refused
from livecommerce.money import Money
from livecommerce.realtime import publish
from livecommerce.realtime.protocol import (
    DropClosed,
    DropDrawn,
    DropOpened,
    DropPaused,
    DropResumed,
    DropScheduled,
    DropSoldOut,
)
from livecommerce.transactions import atomic_retry
from streams.drop_terms import COUNTDOWN_MOST, HOLD_SECONDS, check_terms, salted_check, sealed_draw
from streams.models import Drop, DropItem, DropState, Show
from streams.presence import viewers_delay_ms

if TYPE_CHECKING:
    from livecommerce.accounts.models import User

COUNTDOWN_LEAST = 10
# After the slowest viewer has heard "go" there are this many seconds left to move a thumb.
AFTER_GO = 3
# A tap received in the last moment may still be on its way to the rows; the leftovers wait for it.
CLOSE_GRACE = timedelta(seconds=1)


class DropNotFound(NotFound):
    code = "drop.not_found"
    message = "There is no such drop in this show."


class ShowNotLive(Refused):
    code = "drop.show_not_live"
    message = "A drop starts while the show is live. Go live first; when the picture is back, start it again."


class SalesPaused(Refused):
    code = "drop.sales_paused"
    message = "Sales are paused, all clocks stand. Resume sales first, then start the drop."


class AlreadyInDrop(Refused):
    code = "drop.variant_in_drop"
    message = "This product is in a drop that is not over yet. Close that one first."


class AnotherDropRuns(Refused):
    code = "drop.another_runs"
    message = (
        "Another drop of this show is running. Wait for its end, close it, or say that both shall run side by side."
    )


class DropOver(Refused):
    code = "drop.closed"
    message = "This drop is over. The product may come back at its normal price."


@dataclass(frozen=True, kw_only=True)
class Countdown:
    """How long a drop has to count down to be fair, in seconds, and when the host should say "go"."""

    least: int
    go_at: int
    slowest: float

    @property
    def advice(self) -> str:
        return f"Viewers hear you up to {self.slowest:.1f} s late. Say go at 0:{self.go_at:02d}."


def fair_countdown(show: Show, now: datetime) -> Countdown:
    """Work out the shortest fair countdown: everyone hears "go" before it opens, however late their picture is."""
    slowest = (viewers_delay_ms(show, now) or 0) / 1000
    least = max(COUNTDOWN_LEAST, ceil(slowest + AFTER_GO))
    return Countdown(least=min(least, COUNTDOWN_MOST), go_at=ceil(slowest), slowest=slowest)


@atomic_retry
def announce_drop(
    *,
    show: Show,
    items: Sequence[tuple[Variant, int]],
    price: Money,
    per_buyer: int,
    opens_in: float,
    window: int,
    actor: User | None,
    now: datetime,
    hold_seconds: int = HOLD_SECONDS,
    draw_seconds: int = 0,
    guest_check: bool = False,
    alongside: bool = False,
) -> Drop:
    """Take units out of the shop, fix the terms and start the countdown.

    `opens_in` and `window` are seconds; the countdown is never shorter than `fair_countdown`: 0 is "as soon as fair".
    `draw_seconds` > 0: by lot; `guest_check`: guests' devices do a sum first; `alongside`: beside another drop.

    :raises BadInput, ShowNotLive, SalesPaused, AlreadyInDrop, AnotherDropRuns, NotEnoughStock: nothing is moved.
    """
    check_terms(items, price, per_buyer, opens_in, window, hold_seconds, draw_seconds)
    variants = [variant for variant, _ in items]
    # The shop's rows are the lock: two Studios that start a drop of one product meet here; the second sees the first.
    list(Stock.objects.shop().filter(variant__in=variants).locked())
    _check_stage(show, variants, alongside=alongside)
    opens_at = now + timedelta(seconds=max(opens_in, fair_countdown(show, now).least))
    product = variants[0].product
    drop = Drop.objects.create(
        show=show,
        product=product,
        item=show.lineup.filter(product=product).first(),
        run=Drop.objects.filter(show=show, product=product).count() + 1,
        price_minor=price.minor,
        currency=price.currency,
        earlier_price_minor=_struck_price(variants, price, now),
        per_buyer=per_buyer,
        hold_seconds=hold_seconds,
        window_seconds=window,
        **sealed_draw(draw_seconds, opens_at) | salted_check(asked=guest_check),
        announced_at=now,
        announced_by=actor,
        opens_at=opens_at,
        closes_at=opens_at + timedelta(seconds=window),
    )
    _allot(drop, items, actor=actor, now=now)
    note_drop_price(variants=variants, price=price, at=drop.opens_at, until=drop.closes_at, actor=actor)
    publish.to_show(show.pk, DropScheduled(drop=drop_card(_reload(drop.pk), now)), now=now, urgent=True)
    return drop


@atomic_retry
def close_drop(*, drop: Drop, now: datetime, actor: User | None = None, reason: str = "host") -> Drop:
    """End a drop and move what nobody took back to the shop; what is held stays payable. Closing twice closes once."""
    stocks = lock_drop_rows(drop)
    closed = Drop.objects.running().filter(pk=drop.pk)
    if closed.update(closed_at=now, close_reason=reason, paused_at=None, version=F("version") + 1):
        for shop, stock in stocks:
            return_from_drop(shop=shop, stock=stock, now=now, actor=actor)
        publish.to_show(drop.show_id, DropClosed(drop=drop_card(_reload(drop.pk), now)), now=now)
    return _reload(drop.pk)


@atomic_retry
def return_leftovers(*, drop: Drop, now: datetime) -> int:
    """Move units that came back after the end to the shop as well; return how many."""
    return sum(return_from_drop(shop=shop, stock=stock, now=now) for shop, stock in lock_drop_rows(drop))


def drops_with_leftovers() -> Sequence[Drop]:
    """Find drops that are over and have units that came back since."""
    left = Stock.objects.filter(drop_item__drop=OuterRef("pk"), taken__lt=F("on_hand"))
    return list(Drop.objects.filter(Exists(left), closed_at__isnull=False).order_by("pk"))


@atomic_retry
def open_due_drops(*, now: datetime) -> int:
    """Tell viewers about drops whose countdown is over. The clock has opened them already; this only says so."""
    told = 0
    for drop in Drop.objects.due_to_open(now).with_units():
        opened = Drop.objects.due_to_open(now).filter(pk=drop.pk).update(opened_at=now, version=F("version") + 1)
        if opened:
            publish.to_show(drop.show_id, DropOpened(drop=drop_card(_reload(drop.pk), now)), now=now, urgent=True)
            told += 1
    return told


def close_due_drops(*, now: datetime) -> int:
    """Close drops whose window is over; the clock refuses taps since then, this moves the leftovers."""
    due = Drop.objects.due_to_close(now - CLOSE_GRACE)
    return len([close_drop(drop=drop, now=now, reason="time") for drop in due])


@atomic_retry
def close_drops_of(*, show: Show, now: datetime, actor: User | None = None) -> int:
    """Close all drops of a show that is over."""
    running = Drop.objects.running().filter(show=show).order_by("pk")
    return len([close_drop(drop=drop, now=now, actor=actor, reason="show_ended") for drop in running])


@atomic_retry
def pause_drops(*, show: Show, now: datetime) -> int:
    """Stop the clocks of all drops of a show that are not over; taps are refused until they go on."""
    paused = 0
    for drop in Drop.objects.running().filter(show=show, paused_at__isnull=True, closes_at__gt=now).order_by("pk"):
        still = Drop.objects.running().filter(pk=drop.pk, paused_at__isnull=True)
        if still.update(paused_at=now, version=F("version") + 1):
            publish.to_show(show.pk, DropPaused(drop=drop_card(_reload(drop.pk), now)), now=now, urgent=True)
            paused += 1
    return paused


@atomic_retry
def resume_drops(*, show: Show, now: datetime) -> int:
    """Let the clocks go on where they stood: every moment that lay ahead moves by the length of the pause."""
    resumed = 0
    for drop in Drop.objects.running().filter(show=show, paused_at__isnull=False).order_by("pk").select_for_update():
        stood = now - (drop.paused_at or now)
        Drop.objects.filter(pk=drop.pk).update(
            paused_at=None,
            opens_at=_moved(drop.opens_at, now, stood),
            draw_ends_at=drop.draw_ends_at and _moved(drop.draw_ends_at, now, stood),
            closes_at=drop.closes_at + stood,
            paused_seconds=F("paused_seconds") + stood.total_seconds(),
            version=F("version") + 1,
        )
        publish.to_show(show.pk, DropResumed(drop=drop_card(_reload(drop.pk), now)), now=now, urgent=True)
        resumed += 1
    return resumed


def _moved(moment: datetime, now: datetime, stood: timedelta) -> datetime:
    """Move what lay ahead when the clocks stopped; what was over stays where it was."""
    return moment + stood if moment > now - stood else moment


def note_sold_out(*, drop: Drop, now: datetime) -> None:
    """Tell everyone that the last unit is taken, the first time it is. Call with the drop's stock rows locked."""
    first = Drop.objects.filter(pk=drop.pk, sold_out_at__isnull=True)
    if first.update(sold_out_at=now, version=F("version") + 1):
        publish.to_show(drop.show_id, DropSoldOut(drop=drop_card(_reload(drop.pk), now)), now=now, urgent=True)


def note_drawn(*, drop: Drop, now: datetime) -> None:
    """Open the seed of a draw and tell everyone. Call with the drop's stock rows locked."""
    Drop.objects.filter(pk=drop.pk).update(drawn_at=now, version=F("version") + 1)
    drop.drawn_at = now
    publish.to_show(drop.show_id, DropDrawn(drop=drop_card(_reload(drop.pk), now)), now=now, urgent=True)


def lock_drop_rows(drop: Drop) -> list[tuple[Stock, Stock]]:
    """Lock (shop row, drop row) for each variant of a drop, all rows in the order of their ids."""
    items = list(DropItem.objects.filter(drop=drop))
    shop_rows = Stock.objects.shop().filter(variant__in=[item.variant_id for item in items])
    rows = (shop_rows | Stock.objects.filter(pk__in=[item.stock_id for item in items])).locked()
    by_id = {row.pk: row for row in rows}
    shops = {row.variant_id: row for row in by_id.values() if not row.for_drop}
    return [(shops[item.variant_id], by_id[item.stock_id]) for item in items]


def drop_of_show(*, show: Show, drop_id: int) -> Drop:
    """Find a drop of this show.

    :raises DropNotFound: also for a drop of another show.
    """
    drop = Drop.objects.with_units().filter(show=show, pk=drop_id).first()
    if drop is None:
        raise DropNotFound
    return drop


def drop_card(drop: Drop, now: datetime, units: Iterable[DropItem] | None = None) -> dict[str, Any]:
    """Give what viewers see of a drop. Load it `with_units()`, or pass its units; all moments are ms."""
    price, earlier = drop.price_minor, drop.earlier_price_minor
    units = drop.items.all() if units is None else units
    items = sorted(units, key=lambda item: (item.variant.position, item.variant_id))
    state = drop.state_at(now)
    if state == DropState.OPEN and not any(item.stock.left for item in items):
        state = DropState.SOLD_OUT
    images = sorted(drop.product.images.all(), key=lambda image: (image.position, image.pk))
    return {
        "id": drop.pk,
        "state": str(state),
        "version": drop.version,
        "run": drop.run,
        "product": product_card(drop.product, images),
        "items": [
            {
                "variant": item.variant_id,
                "name": item.variant.option_text,
                "options": list(item.variant.option_values),
                "units": item.units,
                "price": drop.price.wire(),
            }
            for item in items
        ],
        "price": drop.price.wire(),
        "earlier_price": Money(earlier, drop.currency).wire() if earlier else None,
        # Rounded down: a reduction is never said to be larger than it is.
        "percent_off": (earlier - price) * 100 // earlier if earlier else None,
        "per_buyer": drop.per_buyer,
        "units": sum(item.units for item in items),
        "hold_seconds": drop.hold_seconds,
        "draw_seconds": drop.draw_seconds,
        "draw_ends_at": milliseconds(drop.draw_ends_at) if drop.draw_ends_at else None,
        "draw_promise": drop.draw_promise,
        "draw_seed": drop.draw_seed if drop.drawn_at else "",
        "guest_check": drop.guest_check,
        "announced_at": milliseconds(drop.announced_at),
        "opens_at": milliseconds(drop.opens_at),
        "closes_at": milliseconds(drop.closes_at),
        "paused_at": milliseconds(drop.paused_at) if drop.paused_at else None,
        "closed_at": milliseconds(drop.closed_at) if drop.closed_at else None,
        "ledger_url": reverse("ledger", args=[drop.show.slug, drop.pk]) if drop.closed_at else None,
    }


def _struck_price(variants: Sequence[Variant], price: Money, now: datetime) -> int | None:
    """The lowest price of the 30 days before, when it is higher than the drop's: only that may be struck."""
    lowest = lowest_prices_30_days([variant.pk for variant in variants], now).values()
    return min(lowest).minor if lowest and min(lowest) > price else None


def _allot(drop: Drop, items: Sequence[tuple[Variant, int]], *, actor: User | None, now: datetime) -> None:
    """Move each variant's units out of the shop, in the order of the locks."""
    for variant, units in sorted(items, key=lambda pair: pair[0].pk):
        stock = allot_to_drop(variant=variant, units=units, actor=actor, now=now)
        DropItem.objects.create(drop=drop, variant=variant, stock=stock, units=units)


def _check_stage(show: Show, variants: Sequence[Variant], *, alongside: bool) -> None:
    fresh = Show.objects.get(pk=show.pk)
    if fresh.state != Show.State.LIVE:
        raise ShowNotLive
    if fresh.sales_paused_at is not None:
        raise SalesPaused
    if DropItem.objects.filter(variant__in=variants, drop__closed_at__isnull=True).exists():
        raise AlreadyInDrop
    if not alongside and Drop.objects.running().filter(show=show).exists():
        raise AnotherDropRuns


def _reload(drop_id: int) -> Drop:
    return Drop.objects.with_units().get(pk=drop_id)
