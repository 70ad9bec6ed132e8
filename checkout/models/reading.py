"""Readings of the audit: what the last look at the books found, for whoever watches the metrics."""

from django.db import models


class AuditReading(models.Model):
    """How often a rule of the audit was broken when it was last read; `/metrics` shows it."""

    rule = models.CharField(max_length=200, unique=True)
    breaches = models.PositiveIntegerField()
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.rule}: {self.breaches}"
