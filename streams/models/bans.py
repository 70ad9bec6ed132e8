"""Bans: who may not take part in a show until a moment, with the reason they are told."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models


class BanQuerySet(models.QuerySet["Ban"]):
    def active(self, now: datetime) -> Self:
        return self.filter(until__gt=now, lifted_at__isnull=True)


class Ban(models.Model):
    """A viewer is sent out of one show. It holds for guest and account alike, once they are known as one."""

    show = models.ForeignKey("streams.Show", on_delete=models.CASCADE, related_name="bans")
    visitor = models.ForeignKey("accounts.Visitor", on_delete=models.CASCADE, related_name="bans")
    name = models.CharField(max_length=80, help_text="The name they wrote under.")
    until = models.DateTimeField()
    reason = models.CharField(max_length=120, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Ban]] = BanQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # Asked with every connect and every few seconds: who is banned from these shows now?
            models.Index(fields=["show", "until"], name="ban_of_show"),
        ]

    def __str__(self) -> str:
        return f"{self.name} until {self.until:%Y-%m-%d %H:%M}"
