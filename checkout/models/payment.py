"""Payments, refunds and the outbox: what we asked of the outside, and what it answered."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from livecommerce.money import Money


class PaymentQuerySet(models.QuerySet["Payment"]):
    def open(self) -> Self:
        return self.filter(state__in=Payment.OPEN_STATES)

    def overdue(self, now: datetime) -> Self:
        """Open attempts whose bank has had its time."""
        return self.open().filter(deadline_at__lte=now)


class Payment(models.Model):
    """One attempt to pay one order. A declined attempt is never used again; the next try is a row with the next `n`."""

    class State(models.TextChoices):
        NEW = "new", "not yet tried"
        PROCESSING = "processing", "waiting for the bank"
        REQUIRES_ACTION = "requires_action", "the bank asks the buyer"
        SUCCEEDED = "succeeded", "paid"
        FAILED = "failed", "declined"
        CANCELLED = "cancelled", "given up"

    OPEN_STATES: ClassVar[tuple[str, ...]] = ("new", "processing", "requires_action")

    order = models.ForeignKey("checkout.Order", on_delete=models.PROTECT, related_name="payments")
    n = models.PositiveIntegerField()
    provider = models.CharField(max_length=20)
    provider_ref = models.CharField(max_length=80, blank=True)
    client_secret = models.CharField(max_length=200, blank=True)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=16, choices=State, default=State.NEW)
    # Words for people; the card itself is never kept, only what the bank shows of it.
    failure_code = models.CharField(max_length=40, blank=True)
    failure_text = models.CharField(max_length=300, blank=True)
    card_brand = models.CharField(max_length=20, blank=True)
    card_last4 = models.CharField(max_length=4, blank=True)
    started_at = models.DateTimeField()
    # When the bank has had its time: then we cancel with it, and only its "cancelled" lets the goods go.
    deadline_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["order", "n"], name="payment_attempts_are_numbered"),
            models.UniqueConstraint(
                fields=["provider", "provider_ref"], condition=~Q(provider_ref=""), name="payment_ref_once"
            ),
            # A double tap or a second tab joins the attempt that runs; it never starts another beside it.
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state__in=["new", "processing", "requires_action"]),
                name="payment_one_open_attempt",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # The sweep over attempts that the bank never answered.
            models.Index(
                fields=["deadline_at"],
                condition=Q(state__in=["new", "processing", "requires_action"]),
                name="payment_overdue",
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.n} of order {self.order_id}: {self.state}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN_STATES

    def is_fresh(self, now: datetime) -> bool:
        """Whether no bank was asked about it and it can still be tried."""
        return self.state == self.State.NEW and self.deadline_at > now


class Refund(models.Model):
    """Money that goes back. The row exists before the bank is asked, so a crash can only delay it."""

    class State(models.TextChoices):
        PENDING = "pending", "asked"
        SUCCEEDED = "succeeded", "paid back"
        FAILED = "failed", "refused by the bank"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    key = models.CharField(max_length=64, unique=True)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=40)
    # The one of the staff who decided it; nobody when it came about by itself.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    provider_ref = models.CharField(max_length=80, blank=True)
    asked_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_moves_money"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} back: {self.state}"


class OutboxQuerySet(models.QuerySet["Outbox"]):
    def due(self, now: datetime) -> Self:
        return self.filter(done_at__isnull=True, run_after__lte=now)


class Outbox(models.Model):
    """Something that must reach the outside, written in the transaction that decided it."""

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=100, unique=True)
    payload = models.JSONField(default=dict)
    run_after = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "outbox"
        indexes: ClassVar[list[models.Index]] = [
            # What is still to be sent, oldest first.
            models.Index(fields=["run_after"], condition=Q(done_at__isnull=True), name="outbox_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class PracticeIntent(models.Model):
    """The practice bank's own book: only `gateways/practice.py` reads and writes it, as if it were another firm's."""

    ref = models.CharField(max_length=40, unique=True)
    key = models.CharField(max_length=100, unique=True)
    client_secret = models.CharField(max_length=80)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=16, default="new")
    card_last4 = models.CharField(max_length=4, blank=True)
    failure_code = models.CharField(max_length=40, blank=True)
    # "late": reads as processing until then; null with state "processing": never answers.
    answers_at = models.DateTimeField(null=True, blank=True)
    answers_twice = models.BooleanField(default=False)
    refunded_minor = models.PositiveBigIntegerField(default=0)
    refund_keys = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.ref}: {self.state}"
