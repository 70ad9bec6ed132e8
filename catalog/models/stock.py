"""Stock: units that are there, units that are taken, and the ledger of every move.

The rule guarded here: 0 <= taken <= on_hand, by a CHECK of the database, whatever the code above believes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from catalog.models.product import Variant

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager


class StockQuerySet(models.QuerySet["Stock"]):
    def shop(self) -> StockQuerySet:
        return self.filter(for_drop=False)

    def locked(self) -> StockQuerySet:
        """Lock the rows, always in the order of their ids.

        Not the full lock: inserting a hold only checks that the row's key exists and need not wait.
        """
        return self.order_by("pk").select_for_update(no_key=True, of=("self",))


class Stock(models.Model):
    """Units of one variant in one place: the shop, or a drop. `taken` counts held and sold units that are not shipped.

    `version` grows with every change and orders the stock news. `head` is the fingerprint of the last entry of the
    chain of units, `entries` its length; both move only while the row is locked.
    """

    variant = models.ForeignKey(Variant, models.PROTECT, related_name="stocks")
    for_drop = models.BooleanField(default=False)
    on_hand = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)
    entries = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)

    objects = StockQuerySet.as_manager()

    if TYPE_CHECKING:
        ledger: RelatedManager[StockEntry]
        sales: StockSales

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(taken__gte=0, taken__lte=F("on_hand")), name="stock_never_oversold"),
            models.UniqueConstraint(fields=["variant"], condition=Q(for_drop=False), name="stock_one_shop_row"),
        ]

    def __str__(self) -> str:
        return f"{self.left} of {self.on_hand}"

    @property
    def left(self) -> int:
        return self.on_hand - self.taken


class StockSales(models.Model):
    """Units of a stock row that are sold, counted beside it: paying locks this row and never the hot one."""

    stock = models.OneToOneField(Stock, models.CASCADE, primary_key=True, related_name="sales")
    sold = models.PositiveIntegerField(default=0)
    entries = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name_plural = "stock sales"
        constraints: ClassVar = [models.CheckConstraint(condition=Q(sold__gte=0), name="stock_sold_is_a_count")]

    def __str__(self) -> str:
        return f"{self.sold} sold"


class StockEntry(models.Model):
    """One move of units. Append-only: the database refuses UPDATE and DELETE, on PostgreSQL and on SQLite.

    Each entry carries the fingerprint of the one before it in its chain; a stock row has two chains, `units` (locked
    with the row) and `sales` (locked with its StockSales). One entry stands for one batch and kind, and `holds` names
    every hold in it with its units as `[[id, units], …]`, inside the fingerprint: a rush of 15,000 holds is some thirty
    entries, and still each hold can be found in the list and proved held, sold or given back.
    """

    class Kind(models.TextChoices):
        RECEIVED = "received", "Received"
        ALLOTTED = "allotted", "Allotted to a drop"
        RETURNED = "returned", "Back to the shop"
        HELD = "held", "Held"
        RELEASED = "released", "Let go"
        EXPIRED = "expired", "Run out"
        COMMITTED = "committed", "Sold"
        TAKEN_BACK = "taken_back", "Taken back"
        SHIPPED = "shipped", "Shipped"
        ADJUSTED = "adjusted", "Adjusted"

    class Chain(models.TextChoices):
        UNITS = "units", "Units"
        SALES = "sales", "Sales"

    stock = models.ForeignKey(Stock, models.PROTECT, related_name="ledger")
    chain = models.CharField(max_length=8, choices=Chain, default=Chain.UNITS)
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the chain.")
    kind = models.CharField(max_length=10, choices=Kind)
    quantity = models.IntegerField(help_text="Units moved; negative when they left the row.")
    on_hand_after = models.PositiveIntegerField()
    taken_after = models.PositiveIntegerField(help_text="In the chain of sales: units sold so far.")
    holds = models.JSONField(default=list)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=200, blank=True, help_text="For staff; not public and not in the fingerprint.")
    previous = models.CharField(max_length=64, blank=True)
    fingerprint = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "stock entries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["stock", "chain", "number"], name="ledger_without_forks"),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.kind} {self.quantity}"
