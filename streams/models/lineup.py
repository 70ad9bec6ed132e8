"""The line-up of a show and what of it is pinned on the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from streams.models.show import Show

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager


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
    done_at = models.DateTimeField(null=True, blank=True)

    if TYPE_CHECKING:
        pins: RelatedManager[Pin]

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
