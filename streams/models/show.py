"""Hosts and shows: who is on camera, when, and in which state a show is."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, Max, OuterRef, Q, Subquery, Sum
from django.templatetags.static import static
from django.urls import reverse

from livecommerce.realtime.attendance import STALE
from livecommerce.realtime.models import Attendance, Feed

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from streams.models.lineup import LineupItem, Pin
    from streams.models.picture import Segment


class HostQuerySet(models.QuerySet["Host"]):
    def listed(self) -> HostQuerySet:
        return self.filter(is_listed=True).order_by("name")


class Host(models.Model):
    """Who is on camera. A host may belong to a brand or work for several."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="host")
    brand = models.ForeignKey("catalog.Brand", models.SET_NULL, null=True, blank=True, related_name="hosts")
    handle = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    bio = models.TextField(blank=True)
    city = models.CharField(max_length=80, blank=True)
    portrait = models.ImageField(upload_to="hosts/", blank=True)
    art = models.CharField(
        max_length=120, blank=True, help_text="Static path of a drawn portrait, used when there is no photo."
    )
    is_listed = models.BooleanField(default=True)

    objects = HostQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("host", args=[self.handle])

    @property
    def portrait_url(self) -> str:
        """The photo, else the drawn portrait, else nothing."""
        if self.portrait:
            return self.portrait.url
        return static(self.art) if self.art else ""


class ShowState(models.TextChoices):
    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    REHEARSAL = "rehearsal", "Rehearsal"
    LIVE = "live", "Live"
    INTERRUPTED = "interrupted", "Interrupted"
    ENDED = "ended", "Ended"
    REPLAY = "replay", "Replay"
    ARCHIVED = "archived", "Archived"
    CANCELLED = "cancelled", "Cancelled"


ON_AIR = (ShowState.LIVE, ShowState.INTERRUPTED)
UPCOMING = (ShowState.SCHEDULED, ShowState.REHEARSAL)
PAST = (ShowState.ENDED, ShowState.REPLAY)
PUBLIC = (*UPCOMING, *ON_AIR, *PAST, ShowState.CANCELLED)


class ShowQuerySet(models.QuerySet["Show"]):
    def on_air(self) -> ShowQuerySet:
        """Live ones and those whose encoder is away for a moment."""
        return self.filter(state__in=ON_AIR)

    def upcoming(self) -> ShowQuerySet:
        return self.filter(state__in=UPCOMING).order_by("starts_at")

    def past(self) -> ShowQuerySet:
        return self.filter(state__in=PAST).order_by("-live_started_at")

    def public(self) -> ShowQuerySet:
        """All that anyone may know of: no drafts, nothing archived."""
        return self.filter(state__in=PUBLIC)

    def awaiting_picture(self) -> ShowQuerySet:
        """Shows an encoder may publish to."""
        return self.filter(state__in=(*UPCOMING, *ON_AIR))

    def with_people(self) -> ShowQuerySet:
        """With host and brand, which every card and page prints."""
        return self.select_related("host", "brand")

    def with_recording(self) -> ShowQuerySet:
        """With whether there is a picture to watch again, in the same query."""
        recorded = Exists(Show.objects.filter(pk=OuterRef("pk"), segments__rehearsal=False))
        return self.annotate(is_recorded=recorded)  # type: ignore[no-redef]

    def with_room(self, now: datetime) -> ShowQuerySet:
        """With the head of its feed, how many watch it and whether it is recorded, in the same query."""
        feed = Feed.objects.filter(room=OuterRef("pk"))
        there = Attendance.objects.filter(room=OuterRef("pk"), at__gt=now - STALE).order_by().values("room")
        return self.with_recording().annotate(  # type: ignore[no-redef]
            feed_epoch=Subquery(feed.values("epoch")),
            feed_seq=Subquery(feed.values("seq")),
            present=Subquery(there.annotate(sum=Sum("viewers")).values("sum")),
            present_at=Subquery(there.annotate(last=Max("at")).values("last")),
        )


class Show(models.Model):
    """One live event. `state` moves only through the verbs of `streams.shows`."""

    State = ShowState

    brand = models.ForeignKey("catalog.Brand", models.PROTECT, related_name="shows")
    host = models.ForeignKey(Host, models.PROTECT, related_name="shows")
    title = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    cover = models.ImageField(upload_to="covers/", blank=True)
    art = models.CharField(
        max_length=120, blank=True, help_text="Static path of a drawn scene, used when there is no cover."
    )
    landscape = models.BooleanField(default=False, help_text="The picture is wider than it is high.")
    starts_at = models.DateTimeField()
    planned_minutes = models.PositiveSmallIntegerField(default=60)
    state = models.CharField(max_length=12, choices=ShowState, default=ShowState.DRAFT)
    state_version = models.PositiveIntegerField(default=0)
    live_started_at = models.DateTimeField(null=True, blank=True)
    interrupted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    reconnect_seconds = models.PositiveSmallIntegerField(default=600)
    ingest_delay_ms = models.PositiveSmallIntegerField(
        default=800, help_text="From the host's tap to the frame that arrives here; programme time is corrected by it."
    )
    sales_paused_at = models.DateTimeField(null=True, blank=True)
    sales_paused_reason = models.CharField(max_length=40, blank=True)
    sales_version = models.PositiveIntegerField(default=0)
    slow_seconds = models.PositiveSmallIntegerField(default=0, help_text="Seconds between two messages of a viewer.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ShowQuerySet.as_manager()

    if TYPE_CHECKING:
        lineup: RelatedManager[LineupItem]
        pins: RelatedManager[Pin]
        segments: RelatedManager[Segment]
        members: RelatedManager[ShowMember]
        moves: RelatedManager[ShowMove]
        # Set by with_room(); None where nothing happened yet, and where nobody watches.
        feed_epoch: str | None
        feed_seq: int | None
        present: int | None
        present_at: datetime | None

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=ShowState.values), name="show_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=["live", "interrupted"]) | Q(live_started_at__isnull=False),
                name="show_on_air_has_started",
            ),
        ]
        indexes: ClassVar = [
            # Home, schedule and the supervisor list shows by state and time.
            models.Index(fields=["state", "starts_at"], name="show_by_state"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("show", args=[self.slug])

    @property
    def is_on_air(self) -> bool:
        return self.state in ON_AIR

    @property
    def is_upcoming(self) -> bool:
        return self.state in UPCOMING

    @property
    def is_past(self) -> bool:
        return self.state in PAST

    @property
    def public_state(self) -> str:
        """The state as outsiders know it: a rehearsal is nobody's business."""
        return ShowState.SCHEDULED.value if self.state == ShowState.REHEARSAL else self.state

    @property
    def sales_paused(self) -> bool:
        return self.sales_paused_at is not None

    @property
    def cover_url(self) -> str:
        """The uploaded cover, else the drawn scene, else nothing."""
        if self.cover:
            return self.cover.url
        return static(self.art) if self.art else ""

    @property
    def playback_url(self) -> str:
        """The playlist a viewer's player loads now; empty while there is nothing to play."""
        if self.is_on_air:
            return reverse("live-playlist", args=[self.slug])
        replayed = self.state == ShowState.REPLAY and self.is_recorded
        return reverse("vod-playlist", args=[self.slug]) if replayed else ""

    @cached_property
    def is_recorded(self) -> bool:
        """Whether there is a picture to watch again; asked here only if the query that found the show did not say."""
        return self.segments.filter(rehearsal=False).exists()

    @property
    def reconnect_until(self) -> datetime | None:
        """When an interrupted show ends by itself."""
        if self.interrupted_at is None:
            return None
        return self.interrupted_at + timedelta(seconds=self.reconnect_seconds)

    def programme_time(self, now: datetime) -> datetime:
        """The place on the picture's clock of something that the host does now."""
        return now + timedelta(milliseconds=self.ingest_delay_ms)


class ShowMember(models.Model):
    """Somebody given to a show: the chat team, or a guest on camera."""

    class Role(models.TextChoices):
        MODERATOR = "moderator", "Chat team"
        GUEST = "guest", "Guest on camera"

    show = models.ForeignKey(Show, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="show_memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MODERATOR)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["show", "user"], name="show_member_once")]

    def __str__(self) -> str:
        return f"{self.user} as {self.role}"


class ShowMove(models.Model):
    """The audit trail of a show's state: append-only, one row per move."""

    show = models.ForeignKey(Show, models.CASCADE, related_name="moves")
    from_state = models.CharField(max_length=12, choices=ShowState)
    to_state = models.CharField(max_length=12, choices=ShowState)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["show", "at"], name="show_moves")]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"
