"""Drops: flash sales of one product. The rule guarded here: once announced, a drop's price and limit never change.

A drop's state is not stored, it is read off the clock: `Drop.state_at(now)`. What is stored are moments.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from livecommerce.money import Money
from streams.models.lineup import LineupItem
from streams.models.show import Show

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager


class DropState(models.TextChoices):
    ANNOUNCED = "announced", "Announced"
    OPEN = "open", "On sale"
    PAUSED = "paused", "Paused"
    SOLD_OUT = "sold_out", "Sold out"
    CLOSED = "closed", "Over"


class DropQuerySet(models.QuerySet["Drop"]):
    def running(self) -> DropQuerySet:
        """Announced, open or paused: everything that is not over."""
        return self.filter(closed_at__isnull=True)

    def due_to_open(self, now: datetime) -> DropQuerySet:
        return self.running().filter(paused_at__isnull=True, opened_at__isnull=True, opens_at__lte=now)

    def due_to_close(self, now: datetime) -> DropQuerySet:
        return self.running().filter(paused_at__isnull=True, closes_at__lte=now)

    def with_units(self) -> DropQuerySet:
        """With all that a drop card prints."""
        return self.select_related("show", "product__brand").prefetch_related(
            "product__images", "items__variant", "items__stock"
        )


class Drop(models.Model):
    """One run of a flash sale: its units, price, limit per buyer over all variants, pre-countdown and window."""

    State = DropState

    show = models.ForeignKey(Show, models.PROTECT, related_name="drops")
    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="drops")
    item = models.ForeignKey(LineupItem, models.SET_NULL, null=True, blank=True, related_name="drops")
    run = models.PositiveSmallIntegerField(default=1, help_text="How often this product has been dropped in the show.")
    price_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    earlier_price_minor = models.PositiveIntegerField(
        null=True, help_text="Lowest price of the 30 days before the announcement, if it is higher than the drop's."
    )
    per_buyer = models.PositiveSmallIntegerField()
    hold_seconds = models.PositiveSmallIntegerField(default=300)
    window_seconds = models.PositiveIntegerField()
    draw_seconds = models.PositiveSmallIntegerField(
        default=0, help_text="Taps of the first seconds are drawn by lot instead of served in the order of arrival."
    )
    draw_ends_at = models.DateTimeField(null=True, help_text="Taps before this moment are drawn; it moves in a pause.")
    draw_promise = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the seed, public from the start.")
    draw_seed = models.CharField(max_length=64, blank=True, help_text="Public once drawn.")
    drawn_at = models.DateTimeField(null=True)
    guest_check_bits = models.PositiveSmallIntegerField(
        default=0, help_text="How hard the sum of the guest check is: the zero bits its hash begins with. 0: no check."
    )
    guest_check_salt = models.CharField(max_length=32, blank=True, help_text="Makes each drop a sum of its own.")
    announced_at = models.DateTimeField()
    announced_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, help_text="When viewers were told; the clock decides, not this.")
    paused_at = models.DateTimeField(null=True)
    paused_seconds = models.FloatField(default=0, help_text="How long the timers stood in all.")
    sold_out_at = models.DateTimeField(null=True, help_text="When the last unit was first taken.")
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=20, blank=True)
    version = models.PositiveIntegerField(default=0)

    objects = DropQuerySet.as_manager()

    if TYPE_CHECKING:
        items: RelatedManager[DropItem]

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(opens_at__lt=F("closes_at")), name="drop_opens_before_it_closes"),
            models.CheckConstraint(condition=Q(price_minor__gt=0, per_buyer__gt=0), name="drop_price_and_limit"),
            models.CheckConstraint(
                condition=Q(draw_seconds=0, draw_ends_at__isnull=True)
                | Q(draw_seconds__gt=0, draw_ends_at__gt=F("opens_at"), draw_ends_at__lt=F("closes_at")),
                name="drop_draw_ends_within_it",
            ),
        ]
        indexes: ClassVar = [
            # The timekeeper asks every second which of the few running drops are due.
            models.Index(fields=["opens_at"], condition=Q(closed_at__isnull=True), name="drops_running"),
        ]

    def __str__(self) -> str:
        return f"drop {self.pk} of {self.product_id}"

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def guest_check(self) -> dict[str, Any] | None:
        """What a guest's device needs for its sum (see checkout/guest_checks.py); None where nobody is checked."""
        return {"bits": self.guest_check_bits, "salt": self.guest_check_salt} if self.guest_check_bits else None

    def state_at(self, now: datetime) -> DropState:
        """Read the state off the clock; whether units are left is the stock's to say (SOLD_OUT is not told here)."""
        if self.closed_at is not None:
            return DropState.CLOSED
        if self.paused_at is not None:
            return DropState.PAUSED
        if now < self.opens_at:
            return DropState.ANNOUNCED
        return DropState.OPEN if now < self.closes_at else DropState.CLOSED


class DropItem(models.Model):
    """A variant in a drop, with the stock row that holds its allotment."""

    drop = models.ForeignKey(Drop, models.PROTECT, related_name="items")
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="drop_items")
    stock = models.OneToOneField("catalog.Stock", models.PROTECT, related_name="drop_item")
    units = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["drop", "variant"], name="drop_variant_once"),
            models.CheckConstraint(condition=Q(units__gt=0), name="drop_item_has_units"),
        ]

    def __str__(self) -> str:
        return f"{self.units} of {self.variant_id}"
