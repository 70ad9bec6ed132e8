"""Holds: units reserved for one viewer until a moment, and what one buyer may take.

HELD → PAYING → COMMITTED, or RELEASED / EXPIRED; COMMITTED → RETURNED when the goods go back for sale. Every move is a
guarded UPDATE in `checkout.holds`, the last one in `checkout.restocking`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from livecommerce.money import Money

if TYPE_CHECKING:
    from checkout.models.queue import QueuePlace


class HoldState(models.TextChoices):
    HELD = "held", "Held"
    PAYING = "paying", "Being paid"
    COMMITTED = "committed", "Sold"
    RETURNED = "returned", "Taken back"
    RELEASED = "released", "Let go"
    EXPIRED = "expired", "Run out"


OPEN = (HoldState.HELD, HoldState.PAYING)
TAKING = (HoldState.HELD, HoldState.PAYING, HoldState.COMMITTED)


class HoldQuerySet(models.QuerySet["Hold"]):
    def open(self) -> HoldQuerySet:
        """Held or being paid: in somebody's bag."""
        return self.filter(state__in=OPEN)

    def taking(self) -> HoldQuerySet:
        """Those whose units count as taken."""
        return self.filter(state__in=TAKING)

    def of_buyer(self, buyer_id: UUID) -> HoldQuerySet:
        return self.filter(buyer_id=buyer_id)

    def overdue(self, now: datetime) -> HoldQuerySet:
        """Held past their end while no clock stood. `now` is the database's time; the comparison is done in SQL."""
        return self.filter(state=HoldState.HELD, paused_at__isnull=True, expires_at__lte=now)

    def payable(self, now: datetime) -> HoldQuerySet:
        """Held and not run out, or held while the clock stands."""
        return self.filter(Q(expires_at__gt=now) | Q(paused_at__isnull=False), state=HoldState.HELD)

    def with_card(self) -> HoldQuerySet:
        """With all that a hold card prints."""
        return self.select_related("variant__product__brand", "drop", "show").prefetch_related(
            "variant__product__images"
        )


class Hold(models.Model):
    """Units of one stock row, reserved for one buyer at the price of that moment.

    The stock row is locked by whoever inserts, so it is there; variant, drop and show repeat what it says. None of the
    four carries a foreign key in the database: each would be looked up at every insert, and in a rush there are tens of
    thousands a second. `manage.py audit` compares. A stock row is never deleted (PROTECT).
    """

    State = HoldState

    key = models.CharField(max_length=64, help_text="The client's own: the same request again finds the same hold.")
    stock = models.ForeignKey(
        "catalog.Stock", models.PROTECT, db_constraint=False, db_index=False, related_name="holds"
    )
    variant = models.ForeignKey(
        "catalog.Variant", models.PROTECT, db_constraint=False, db_index=False, related_name="holds"
    )
    drop = models.ForeignKey(
        "streams.Drop", models.PROTECT, null=True, blank=True, db_constraint=False, db_index=False, related_name="holds"
    )
    show = models.ForeignKey(
        "streams.Show", models.PROTECT, null=True, blank=True, db_constraint=False, db_index=False, related_name="holds"
    )
    buyer = models.ForeignKey("accounts.Visitor", models.PROTECT, db_index=False, related_name="holds")
    quantity = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=HoldState, default=HoldState.HELD)
    unit_price_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    extended_at = models.DateTimeField(null=True, blank=True)
    # An offer from the queue is a hold that its buyer has not tapped yet; this is when it was made.
    offered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    order = models.ForeignKey(
        "checkout.Order", models.PROTECT, null=True, blank=True, db_index=False, related_name="holds"
    )

    objects = HoldQuerySet.as_manager()

    if TYPE_CHECKING:
        place: QueuePlace

    class Meta:
        constraints: ClassVar = [
            # Also the index of "this buyer's holds".
            models.UniqueConstraint(fields=["buyer", "key"], name="hold_key_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="hold_has_units"),
        ]
        indexes: ClassVar = [
            # The sweeper, the inline reclaim of a full row, and "back within".
            models.Index(fields=["stock", "expires_at"], condition=Q(state__in=OPEN), name="holds_open_by_end"),
            # Stopping the clocks of a show.
            models.Index(fields=["show"], condition=Q(state="held"), name="holds_of_a_show"),
            models.Index(fields=["drop"], condition=Q(offered_at__isnull=False), name="holds_offered"),
            models.Index(fields=["order"], condition=Q(order__isnull=False), name="holds_of_an_order"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.variant_id}, {self.state}"

    @property
    def unit_price(self) -> Money:
        return Money(self.unit_price_minor, self.currency)

    @property
    def total(self) -> Money:
        return self.unit_price * self.quantity

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def is_overdue(self, now: datetime) -> bool:
        return self.state == HoldState.HELD and self.paused_at is None and self.expires_at <= now


class BuyerQuota(models.Model):
    """What one buyer has of one drop, or of one variant in the shop, against what one buyer may have.

    `units`: held, being paid and, in a drop, sold. `lapsed`: holds let go or run out; `extended`: minutes added. The
    last two are the budget that keeps anybody from farming a timer.
    """

    drop = models.ForeignKey(
        "streams.Drop", models.CASCADE, null=True, db_constraint=False, db_index=False, related_name="quotas"
    )
    variant = models.ForeignKey(
        "catalog.Variant", models.CASCADE, null=True, db_constraint=False, db_index=False, related_name="quotas"
    )
    buyer = models.ForeignKey(
        "accounts.Visitor", models.CASCADE, db_constraint=False, db_index=False, related_name="quotas"
    )
    units = models.PositiveIntegerField(default=0)
    max_units = models.PositiveIntegerField()
    lapsed = models.PositiveSmallIntegerField(default=0)
    extended = models.PositiveSmallIntegerField(default=0)
    lapsed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(units__gte=0, units__lte=F("max_units")), name="quota_never_exceeded"),
            models.CheckConstraint(
                condition=Q(drop__isnull=False, variant__isnull=True) | Q(drop__isnull=True, variant__isnull=False),
                name="quota_of_a_drop_or_a_variant",
            ),
            # Also the index of all that one buyer has.
            models.UniqueConstraint(fields=["buyer", "drop"], name="quota_once_in_a_drop"),
            models.UniqueConstraint(
                fields=["buyer", "variant"], condition=Q(variant__isnull=False), name="quota_once_for_a_variant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.units} of {self.max_units}"
