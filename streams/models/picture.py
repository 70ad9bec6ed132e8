"""The picture: the key an encoder signs with, the runs of the packager and the segments it cut."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models

from streams.models.show import Show


class StreamKey(models.Model):
    """Which version of its stream key a show accepts; the key itself is derived, so no secret is stored."""

    show = models.OneToOneField(Show, models.CASCADE, related_name="stream_key")
    version = models.PositiveIntegerField(default=1)
    rotated_at = models.DateTimeField(null=True, blank=True)
    rotated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"key {self.version} of {self.show_id}"


class Ingest(models.Model):
    """What the packager knows of a show's encoder, rewritten every two seconds; the Studio's health card reads it."""

    class State(models.TextChoices):
        CLOSED = "closed", "Not listening"
        LISTENING = "listening", "Waiting for the encoder"
        RECEIVING = "receiving", "Receiving"

    show = models.OneToOneField(Show, models.CASCADE, related_name="ingest")
    state = models.CharField(max_length=10, choices=State, default=State.CLOSED)
    port = models.PositiveIntegerField(default=0)
    # The lease: one packager per show. `holder` is "<host>:<pid>:<start>", so that a stale one can be told apart.
    holder = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True)
    reconnects = models.PositiveIntegerField(default=0)
    mode = models.CharField(max_length=10, blank=True, help_text="copy or transcode")
    bitrate_kbps = models.PositiveIntegerField(default=0)
    fps = models.FloatField(default=0)
    speed = models.FloatField(default=0)
    keyframe_ms = models.PositiveIntegerField(default=0)
    width = models.PositiveSmallIntegerField(default=0)
    height = models.PositiveSmallIntegerField(default=0)
    has_audio = models.BooleanField(default=False)
    last_segment_at = models.DateTimeField(null=True, blank=True)
    last_words = models.TextField(blank=True, help_text="The end of the packager's log, for staff.")
    updated_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.state} for {self.show_id}"


class PackRun(models.Model):
    """One connection of an encoder, cut by one ffmpeg: its segments share an init file."""

    show = models.ForeignKey(Show, models.CASCADE, related_name="runs")
    token = models.CharField(max_length=32, unique=True, help_text="Unguessable; names the run in URLs and on disk.")
    mode = models.CharField(max_length=10)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return f"run {self.token[:6]} of {self.show_id}"


class SegmentQuerySet(models.QuerySet["Segment"]):
    def public(self) -> SegmentQuerySet:
        """What everyone may see; what was filmed in a rehearsal never is."""
        return self.filter(rehearsal=False)

    def in_order(self) -> SegmentQuerySet:
        return self.order_by("seq")


class Segment(models.Model):
    """Two seconds of picture and sound. `seq` goes on over runs, so a player never sees a number twice."""

    show = models.ForeignKey(Show, models.CASCADE, related_name="segments")
    run = models.ForeignKey(PackRun, models.CASCADE, related_name="segments")
    rendition = models.CharField(max_length=12, default="v0")
    seq = models.PositiveIntegerField()
    programme_at = models.DateTimeField(help_text="The moment its first frame arrived.")
    duration_ms = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    name = models.CharField(max_length=80, help_text="File name below the run, unguessable.")
    init_name = models.CharField(max_length=80)
    discontinuity = models.BooleanField(default=False)
    rehearsal = models.BooleanField(default=False)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["show", "rendition", "seq"], name="segment_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.show_id}/{self.seq}"

    @property
    def ends_at(self) -> datetime:
        return self.programme_at + timedelta(milliseconds=self.duration_ms)
