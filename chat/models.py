"""What people said in a show, and who may not speak for a while."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from livecommerce.accounts.models import Visitor

MAX_TEXT = 300
MAX_KEY = 64


class Role(models.TextChoices):
    """Why a message is drawn as it is. Frozen when posted: an old message keeps the role its author had then."""

    VIEWER = "viewer", "Viewer"
    MODERATOR = "moderator", "Moderator"
    HOST = "host", "Host"


class MessageQuerySet(models.QuerySet["Message"]):
    def visible(self) -> Self:
        return self.filter(deleted_at__isnull=True)

    def of_show(self, show_id: int) -> Self:
        return self.filter(show_id=show_id)


class Message(models.Model):
    """One message. `seq` is its number in the feed, `key` the client's own name for it: a retry is not a second one."""

    show = models.ForeignKey("streams.Show", on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveBigIntegerField()
    author = models.ForeignKey("accounts.Visitor", on_delete=models.CASCADE, related_name="messages")
    author_name = models.CharField(max_length=80)
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    text = models.CharField(max_length=MAX_TEXT)
    key = models.CharField(max_length=MAX_KEY)
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True, help_text="Programme time of the writer's picture.")
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects: ClassVar[models.Manager[Message]] = MessageQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["show", "author", "key"], name="message_key_once"),
            models.UniqueConstraint(fields=["show", "seq"], name="message_seq_once"),
        ]
        indexes: ClassVar = [
            # Slow mode asks for the last message of a few authors; erasing a person asks for all of theirs.
            models.Index(fields=["author", "show", "at"], name="message_author_at"),
        ]

    def __str__(self) -> str:
        return f"{self.author_name}: {self.text}"

    @property
    def author_public_id(self) -> str:
        """The short id that everyone may see, without asking for the author's row."""
        return Visitor(id=self.author_id).public_id


class MuteQuerySet(models.QuerySet["Mute"]):
    def active(self, now: datetime) -> Self:
        return self.filter(until__gt=now, lifted_at__isnull=True)


class Mute(models.Model):
    """A viewer may not write in one show until a moment, with the reason they are told."""

    show = models.ForeignKey("streams.Show", on_delete=models.CASCADE, related_name="mutes")
    visitor = models.ForeignKey("accounts.Visitor", on_delete=models.CASCADE, related_name="mutes")
    name = models.CharField(max_length=80, help_text="The name they wrote under.")
    until = models.DateTimeField()
    reason = models.CharField(max_length=120)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Mute]] = MuteQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # Asked once per batch of messages: who of these authors is muted in this show now?
            models.Index(fields=["show", "visitor", "until"], name="mute_of_viewer"),
        ]

    def __str__(self) -> str:
        return f"{self.name} until {self.until:%H:%M:%S}"
