"""The queue of a sold-out drop. The rule guarded here: a returned unit goes to the first in line, at once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from checkout.models.hold import Hold


class PlaceState(models.TextChoices):
    WAITING = "waiting", "In line"
    OFFERED = "offered", "Offered"
    TAKEN = "taken", "Taken"
    PASSED = "passed", "Let pass"
    LEFT = "left", "Left the line"
    CLOSED = "closed", "Over before its turn"


ACTIVE = (PlaceState.WAITING, PlaceState.OFFERED)


class QueuePlaceQuerySet(models.QuerySet["QueuePlace"]):
    def waiting(self) -> QueuePlaceQuerySet:
        return self.filter(state=PlaceState.WAITING).order_by("number")

    def active(self) -> QueuePlaceQuerySet:
        """In line, or with an offer to answer."""
        return self.filter(state__in=ACTIVE)


class QueuePlace(models.Model):
    """One buyer's place. `number` only ever grows within a drop; the position is how many wait before it, plus one."""

    State = PlaceState

    drop = models.ForeignKey("streams.Drop", models.PROTECT, db_index=False, related_name="queue")
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, null=True, blank=True, related_name="+")
    buyer = models.ForeignKey("accounts.Visitor", models.PROTECT, related_name="queue_places")
    number = models.PositiveIntegerField()
    # In a drop whose first seconds are drawn by lot: the number on the slip, in the order of arrival.
    ticket = models.PositiveIntegerField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=PlaceState, default=PlaceState.WAITING)
    joined_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    hold = models.OneToOneField(Hold, models.PROTECT, null=True, blank=True, related_name="place")

    objects = QueuePlaceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["drop", "number"], name="queue_number_once"),
            models.UniqueConstraint(fields=["drop", "buyer"], condition=Q(state__in=ACTIVE), name="queue_one_place"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["drop", "number"], condition=Q(state="waiting"), name="queue_first_in_line"),
        ]

    def __str__(self) -> str:
        return f"number {self.number}, {self.state}"
