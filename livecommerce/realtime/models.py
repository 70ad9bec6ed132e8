"""The feed's tables. A show is a room; the floor knows no app, so a room is a number and not a foreign key."""

import secrets
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

EPOCH_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"


def new_epoch() -> str:
    """Name a new history."""
    return "".join(secrets.choice(EPOCH_LETTERS) for _ in range(6))


class Feed(models.Model):
    """The counter of one room. Its row is locked in the event's own transaction: no gaps, numbers in commit order."""

    room = models.PositiveBigIntegerField(primary_key=True)
    epoch = models.CharField(max_length=12, default=new_epoch)
    seq = models.PositiveBigIntegerField(default=0)
    # Events up to here were given up; who asks for older ones gets a snapshot.
    forgotten = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("feed")
        verbose_name_plural = _("feeds")

    def __str__(self) -> str:
        return f"{self.room} {self.epoch}:{self.seq}"


class FeedEvent(models.Model):
    """One thing that everyone in the room could see happen. Append-only; a deleted message is redacted in place."""

    pk = models.CompositePrimaryKey("room", "seq")
    room = models.PositiveBigIntegerField()
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    programme_at = models.DateTimeField(null=True)
    kind = models.CharField(max_length=40)
    policy = models.CharField(max_length=12)
    payload = models.JSONField()

    class Meta:
        verbose_name = _("feed event")
        verbose_name_plural = _("feed events")
        indexes: ClassVar = [
            # Replay and recap read the show's events of some kinds, newest first.
            models.Index(fields=["room", "kind", "seq"], name="feed_event_kinds"),
        ]

    def __str__(self) -> str:
        return f"{self.room}:{self.seq} {self.kind}"


class Attendance(models.Model):
    """How many viewers of a room one process serves, as it said last. A row that is not renewed counts no more."""

    pk = models.CompositePrimaryKey("room", "teller")
    room = models.PositiveBigIntegerField()
    teller = models.CharField(max_length=32)
    viewers = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendance")

    def __str__(self) -> str:
        return f"{self.room}: {self.viewers}"


class WatchedMinute(models.Model):
    """A minute of a room as one process's viewers told it: sums and quantiles, never who."""

    pk = models.CompositePrimaryKey("room", "minute", "teller")
    room = models.PositiveBigIntegerField()
    minute = models.DateTimeField()
    teller = models.CharField(max_length=32)
    viewers = models.PositiveIntegerField()
    watched_seconds = models.PositiveIntegerField()
    stalls = models.PositiveIntegerField()
    behind_median_ms = models.PositiveIntegerField(null=True)
    # The delay that all but the slowest twentieth stay below.
    behind_slow_ms = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name = _("watched minute")
        verbose_name_plural = _("watched minutes")

    def __str__(self) -> str:
        return f"{self.room} {self.minute:%H:%M}: {self.viewers}"
