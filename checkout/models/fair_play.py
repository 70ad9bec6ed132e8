"""Fair play: what tells one household from another in a drop, as keyed hashes and nothing else."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class FairShare(models.Model):
    """One e-mail, address or card in one drop, and the orders that were paid, or tried, with it.

    `key` is made with a secret and differs from drop to drop, so rows name nobody and cannot be joined across drops.
    """

    drop = models.ForeignKey("streams.Drop", models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    orders = models.ManyToManyField("checkout.Order", related_name="fair_shares")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["drop", "key"], name="fair_share_once_in_a_drop")]

    def __str__(self) -> str:
        return f"{self.key[:8]} in drop {self.drop_id}"
