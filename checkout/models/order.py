"""Orders: what was agreed, at which price, with whom. A line keeps its words and price, whatever the catalogue does."""

from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from livecommerce.money import Money


class OrderQuerySet(models.QuerySet["Order"]):
    def of_buyer(self, buyer_id: UUID) -> Self:
        return self.filter(buyer_id=buyer_id)

    def pending(self) -> Self:
        return self.filter(state=Order.State.PENDING)

    def paid_in(self, show_id: int) -> Self:
        return self.filter(show_id=show_id, state=Order.State.PAID)


class Order(models.Model):
    """One contract of one buyer with one brand. Prices include VAT; `vat_minor` says how much of the total it is."""

    class State(models.TextChoices):
        PENDING = "pending", "waiting for payment"
        PAID = "paid", "paid"
        CANCELLED = "cancelled", "not paid in time"
        REFUND_DUE = "refund_due", "money on its way back"
        REFUNDED = "refunded", "refunded"

    code = models.CharField(max_length=12, unique=True)
    # A key of the buyer's own: the same request sent again finds the order that it made.
    key = models.CharField(max_length=64)
    brand = models.ForeignKey("catalog.Brand", on_delete=models.PROTECT, related_name="orders")
    show = models.ForeignKey("streams.Show", on_delete=models.PROTECT, null=True, blank=True, related_name="orders")
    buyer = models.ForeignKey("accounts.Visitor", on_delete=models.PROTECT, related_name="orders")
    email = models.EmailField()
    name = models.CharField(max_length=120)
    address = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    currency = models.CharField(max_length=3)
    goods_minor = models.PositiveBigIntegerField()
    shipping_minor = models.PositiveBigIntegerField()
    discount_minor = models.PositiveBigIntegerField(default=0)
    vat_minor = models.PositiveBigIntegerField()
    vat_rate_bp = models.PositiveIntegerField()
    total_minor = models.PositiveBigIntegerField()
    placed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # What staff say of the parcel; the time to withdraw runs from its arrival.
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["buyer", "key"], name="order_key_once_per_buyer"),
            models.CheckConstraint(
                condition=Q(total_minor=F("goods_minor") + F("shipping_minor") - F("discount_minor")),
                name="order_total_is_the_sum",
            ),
            models.CheckConstraint(condition=Q(total_minor__gte=0, vat_minor__gte=0), name="order_money_not_negative"),
            models.CheckConstraint(condition=Q(vat_minor__lte=F("total_minor")), name="order_vat_is_inside_the_total"),
            models.CheckConstraint(
                condition=Q(discount_minor__lte=F("goods_minor")), name="order_discount_is_off_the_goods"
            ),
            models.CheckConstraint(
                condition=~Q(state="paid") | Q(paid_at__isnull=False), name="order_paid_has_its_moment"
            ),
            models.CheckConstraint(
                condition=Q(delivered_at__isnull=True) | Q(shipped_at__isnull=False),
                name="order_shipped_first",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # The Studio's sums and the per-minute series of one show.
            models.Index(fields=["show", "state", "paid_at"], name="order_sales_of_show"),
            # The list of a brand's orders in the admin.
            models.Index(fields=["brand", "-placed_at"], name="order_of_brand"),
            # The sweep over orders that nobody paid.
            models.Index(fields=["placed_at"], condition=Q(state="pending"), name="order_pending"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def goods(self) -> Money:
        return Money(self.goods_minor, self.currency)

    @property
    def shipping(self) -> Money:
        return Money(self.shipping_minor, self.currency)

    @property
    def discount(self) -> Money:
        return Money(self.discount_minor, self.currency)

    @property
    def vat(self) -> Money:
        return Money(self.vat_minor, self.currency)

    @property
    def is_pending(self) -> bool:
        return self.state == self.State.PENDING

    @property
    def is_paid(self) -> bool:
        return self.state == self.State.PAID


class Withdrawal(models.Model):
    """A buyer's statement that they withdraw from the contract; it needs no reason and nobody's consent."""

    # Once per order, whoever and however often they press the button.
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="withdrawal")
    name = models.CharField(max_length=120)
    email = models.EmailField()
    stated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"withdrawal from {self.order_id}"


class OrderLine(models.Model):
    """One held thing as it was sold. An order that was replaced lets its holds go: `hold` becomes null."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    # One hold never stands in two living orders.
    hold = models.OneToOneField(
        "checkout.Hold", on_delete=models.PROTECT, null=True, blank=True, related_name="order_line"
    )
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="order_lines")
    name = models.CharField(max_length=200)
    option_text = models.CharField(max_length=200, blank=True)
    image = models.CharField(max_length=300, blank=True)
    from_drop = models.BooleanField(default=False)
    quantity = models.PositiveIntegerField()
    unit_price_minor = models.PositiveBigIntegerField()
    total_minor = models.PositiveBigIntegerField()
    # Its share of the order's discount: `total_minor` less this is what was paid for the line.
    discount_minor = models.PositiveBigIntegerField(default=0, db_default=0)
    held_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_line_has_units"),
            models.CheckConstraint(
                condition=Q(total_minor=F("unit_price_minor") * F("quantity")), name="order_line_total_is_the_product"
            ),
            models.CheckConstraint(
                condition=Q(discount_minor__lte=F("total_minor")), name="order_line_discount_is_within_its_total"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.name}"

    @property
    def unit_price(self) -> Money:
        return Money(self.unit_price_minor, self.order.currency)

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.order.currency)

    @property
    def discount(self) -> Money:
        return Money(self.discount_minor, self.order.currency)
