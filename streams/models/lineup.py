"""The line-up of a show and what of it is pinned on the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, FilteredRelation, OuterRef, Q, Subquery

from streams.models.show import Show

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext.db.models.manager import RelatedManager


class LineupItemQuerySet(models.QuerySet["LineupItem"]):
    def with_pins(self) -> LineupItemQuerySet:
        """With the pin that is open, if one is, and the moment of the first, in the same query."""
        pins = Pin.objects.filter(item=OuterRef("pk")).order_by("programme_at", "pk")
        pinned = self.annotate(open_pin=FilteredRelation("pins", condition=Q(pins__unpinned_at__isnull=True)))
        return pinned.annotate(  # type: ignore[no-redef]
            pin_id=F("open_pin__pk"),
            pinned_at=F("open_pin__pinned_at"),
            programme_at=F("open_pin__programme_at"),
            first_shown_at=Subquery(pins.values("programme_at")[:1]),
        )

    def pinned(self) -> LineupItemQuerySet:
        """Those on the picture now, with their pin."""
        return self.with_pins().filter(pin_id__isnull=False)  # type: ignore[misc]  # It is there since with_pins().


class DropOrder(models.IntegerChoices):
    """In which order a drop's units go out; the number is how many seconds of taps are drawn by lot."""

    FIRST_COME = 0, "First come, first served"
    LOT_5 = 5, "By lot, among all who ask in the first 5 seconds"
    LOT_10 = 10, "By lot, among all who ask in the first 10 seconds"
    LOT_30 = 30, "By lot, among all who ask in the first 30 seconds"


class LineupItem(models.Model):
    """A product's place in a show, with what the host wants to remember about it."""

    show = models.ForeignKey(Show, models.CASCADE, related_name="lineup")
    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="lineup_items")
    position = models.PositiveSmallIntegerField()
    planned_minutes = models.PositiveSmallIntegerField(default=5)
    cue = models.CharField(max_length=80, blank=True, help_text="Who acts, or what to say first.")
    notes = models.TextField(blank=True, help_text="For the Studio only.")
    drop_price_minor = models.PositiveIntegerField(null=True, blank=True)
    drop_units = models.PositiveIntegerField(null=True, blank=True)
    drop_per_buyer = models.PositiveSmallIntegerField(default=2)
    drop_draw_seconds = models.PositiveSmallIntegerField(
        "units go out", default=DropOrder.FIRST_COME, choices=DropOrder
    )
    drop_guest_check = models.BooleanField(
        "check guests",
        default=False,
        help_text="Each guest's device does a small sum first, so that a thousand false guests cost a thousand sums.",
    )
    done_at = models.DateTimeField(null=True, blank=True)

    objects = LineupItemQuerySet.as_manager()

    if TYPE_CHECKING:
        pins: RelatedManager[Pin]
        # Set by with_pins(); None where no pin is open, and where there never was one.
        pin_id: int | None
        pinned_at: datetime | None
        programme_at: datetime | None
        first_shown_at: datetime | None

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["show", "product"], name="lineup_product_once")]
        indexes: ClassVar = [models.Index(fields=["show", "position"], name="lineup_order")]

    def __str__(self) -> str:
        return f"{self.position}. {self.product}"


class PinQuerySet(models.QuerySet["Pin"]):
    def open(self) -> PinQuerySet:
        """Those on the picture now, the oldest first."""
        return self.filter(unpinned_at__isnull=True).order_by("pinned_at", "pk")


class Pin(models.Model):
    """An item on the picture from one moment to another; chapters of the replay are made of these."""

    show = models.ForeignKey(Show, models.CASCADE, related_name="pins")
    item = models.ForeignKey(LineupItem, models.CASCADE, related_name="pins")
    pinned_at = models.DateTimeField()
    programme_at = models.DateTimeField()
    unpinned_at = models.DateTimeField(null=True, blank=True)
    pinned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = PinQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            # Two people in the Studio may tap the same item at once.
            models.UniqueConstraint(
                fields=["show", "item"], condition=Q(unpinned_at__isnull=True), name="pin_open_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["show", "pinned_at"], name="pins_of_show")]

    def __str__(self) -> str:
        return f"pin of {self.item_id}"
