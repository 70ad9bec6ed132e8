"""Codes: money off that a brand promises to so many orders, who has one, who wants one, and where one was shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from livecommerce.money import Money

BASIS_POINTS = 10_000


class Code(models.Model):
    """A discount code of one brand: an amount or a share off the goods, for `uses` orders, one for each buyer.

    `taken` counts the orders that wait for their payment with it and those that are paid; only `checkout.codes` writes
    it. `text` is stored as it is compared: trimmed, in capitals.
    """

    brand = models.ForeignKey("catalog.Brand", models.PROTECT, related_name="codes")
    # Where a code belongs to a show, it counts for what was held in that show.
    show = models.ForeignKey("streams.Show", models.PROTECT, null=True, blank=True, related_name="codes")
    text = models.CharField(max_length=24)
    amount_minor = models.PositiveIntegerField(null=True, blank=True)
    percent_bp = models.PositiveIntegerField(null=True, blank=True)
    least_goods_minor = models.PositiveIntegerField(default=0)
    uses = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    # Grows with every change that viewers see.
    version = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["brand", "text"], name="code_once_in_a_brand"),
            models.CheckConstraint(condition=Q(text=Upper("text")), name="code_text_is_in_capitals"),
            models.CheckConstraint(
                # A CHECK that compares with null passes, so each side says that its own figure is there.
                condition=Q(amount_minor__isnull=False, amount_minor__gt=0, percent_bp__isnull=True)
                | Q(
                    amount_minor__isnull=True,
                    percent_bp__isnull=False,
                    percent_bp__gt=0,
                    percent_bp__lte=BASIS_POINTS,
                ),
                name="code_takes_an_amount_or_a_share",
            ),
            models.CheckConstraint(condition=Q(taken__gte=0, taken__lte=F("uses")), name="code_never_overused"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="code_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def left(self) -> int:
        """How many more orders may use it."""
        return self.uses - self.taken

    @property
    def offer(self) -> str:
        """What it takes off, in words."""
        if self.percent_bp is None:
            return f"{Money(self.amount_minor or 0, self.brand.currency)} off"
        return f"{self.percent_bp / 100:g} % off"

    @property
    def brief_offer(self) -> str:
        """The same, as short as a chip over a picture needs it: EUR 4 off."""
        return self.offer.replace(".00 off", " off")

    @property
    def least_goods(self) -> Money:
        return Money(self.least_goods_minor, self.brand.currency)

    def is_over(self, now: datetime) -> bool:
        return not self.is_active or (self.ends_at is not None and self.ends_at <= now)

    def takes_off(self, goods_minor: int) -> int:
        """Return what it takes off goods of this price: never more than they cost; a share is rounded half up."""
        if self.percent_bp is None:
            return min(self.amount_minor or 0, goods_minor)
        # A code that counts takes off at least the smallest coin: an order with a code is known by its discount.
        return min(max(1, (2 * goods_minor * self.percent_bp + BASIS_POINTS) // (2 * BASIS_POINTS)), goods_minor)


class CodeUseQuerySet(models.QuerySet["CodeUse"]):
    def reserved(self) -> Self:
        return self.filter(state=CodeUse.State.RESERVED)

    def counted(self) -> Self:
        """Those that `taken` counts."""
        return self.filter(state__in=CodeUse.COUNTED)


class CodeUse(models.Model):
    """One order's use of a code: RESERVED while it waits for its payment → SPENT, or FREED when it ended without.

    Money that comes after all makes a FREED one SPENT, if the code has a use left.
    """

    class State(models.TextChoices):
        RESERVED = "reserved", "Reserved"
        SPENT = "spent", "Spent"
        FREED = "freed", "Free again"

    COUNTED: ClassVar[tuple[str, ...]] = ("reserved", "spent")

    code = models.ForeignKey(Code, models.PROTECT, related_name="code_uses")
    # One code for one order.
    order = models.OneToOneField("checkout.Order", models.PROTECT, related_name="code_use")
    buyer = models.ForeignKey("accounts.Visitor", models.PROTECT, related_name="code_uses")
    amount_minor = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.RESERVED)
    reserved_at = models.DateTimeField()
    spent_at = models.DateTimeField(null=True, blank=True)
    freed_at = models.DateTimeField(null=True, blank=True)

    objects = CodeUseQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["code", "buyer"], condition=Q(state__in=["reserved", "spent"]), name="code_use_once_a_buyer"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="code_use_takes_something_off"),
        ]

    def __str__(self) -> str:
        return f"{self.code_id} for order {self.order_id}: {self.state}"


class CodeDrop(models.Model):
    """A code that a host put on the picture of a show: viewers see it from then on and claim it with one tap."""

    show = models.ForeignKey("streams.Show", models.PROTECT, related_name="code_drops")
    code = models.ForeignKey(Code, models.PROTECT, related_name="drops")
    dropped_at = models.DateTimeField()
    programme_at = models.DateTimeField()
    dropped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["show", "code"], name="code_drop_once_in_a_show"),
        ]

    def __str__(self) -> str:
        return f"{self.code_id} in show {self.show_id}"


class CodeClaim(models.Model):
    """The code that a buyer wants to use at a brand: it is in the bag on every device, and promises nothing yet."""

    buyer = models.ForeignKey("accounts.Visitor", models.CASCADE, db_index=False, related_name="code_claims")
    brand = models.ForeignKey("catalog.Brand", models.CASCADE, related_name="+")
    code = models.ForeignKey(Code, models.CASCADE, related_name="claims")
    claimed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            # Also the index of what a buyer has claimed.
            models.UniqueConstraint(fields=["buyer", "brand"], name="code_claim_once_at_a_brand"),
        ]

    def __str__(self) -> str:
        return f"{self.code_id} wanted by {self.buyer_id}"
