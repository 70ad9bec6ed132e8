"""Orders and codes in the back office. Orders are looked at, and moved by the verbs of `checkout` alone."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from catalog.admin_scope import EDIT, VIEW, OwnBrandsFilter, ScopedAdmin, ScopedTabularInline, actor_of, own_brands
from checkout.admin_forms import CodeForm
from checkout.codes import code_text_of, write_code
from checkout.models import Code, CodeUse, Hold, Order, OrderLine, Payment, Refund
from checkout.parcels import mark_delivered, mark_shipped
from checkout.refunds import refund_order
from checkout.restocking import restock_order
from livecommerce.clock import database_now
from livecommerce.errors import Refused
from livecommerce.money import Money


class OrderLineInline(ScopedTabularInline):
    """What was ordered, in the words and at the price of that moment."""

    model = OrderLine
    brand_path = "order__brand"
    staff_may = VIEW
    operators_may = VIEW
    fields = readonly_fields = ("name", "option_text", "quantity", "unit_price", "line_total", "discount", "from_drop")

    @admin.display(description="Price")
    def unit_price(self, line: OrderLine) -> Money:
        return Money(line.unit_price_minor, line.order.currency)

    @admin.display(description="Total")
    def line_total(self, line: OrderLine) -> Money:
        return Money(line.total_minor, line.order.currency)


class PaymentInline(ScopedTabularInline):
    """Each attempt to pay."""

    model = Payment
    brand_path = "order__brand"
    staff_may = VIEW
    operators_may = VIEW
    fields = readonly_fields = (
        "n",
        "provider",
        "state",
        "amount",
        "card_last4",
        "failure_text",
        "started_at",
        "settled_at",
    )


@admin.register(Order)
class OrderAdmin(ScopedAdmin):
    """A brand's orders. Each action says in words what became of every order that was chosen."""

    staff_may = VIEW | {"fulfil"}
    operators_may = VIEW | {"fulfil"}
    actions = ("ship", "deliver", "refund_and_restock", "refund", "restock")
    inlines: ClassVar = [OrderLineInline, PaymentInline]
    list_display = ("code", "name", "state", "total", "show", "placed_at", "shipped_at")
    list_filter = ("state", OwnBrandsFilter)
    list_select_related = ("show",)
    search_fields = ("code", "email", "name")
    ordering = ("-placed_at",)
    date_hierarchy = "placed_at"
    fields = readonly_fields = (
        *("code", "brand", "show", "state", "placed_at", "paid_at", "name", "email", "address_lines"),
        *("goods", "shipping", "discount", "discount_code", "total", "vat"),
        *("shipped_at", "delivered_at", "withdrawn", "money_back"),
    )

    @admin.display(description="Address")
    def address_lines(self, order: Order) -> SafeString:
        return format_html_join(", ", "{}", ((part,) for part in order.address.values() if part))

    @admin.display(description="Code")
    def discount_code(self, order: Order) -> str:
        return code_text_of(order)

    @admin.display(description="Withdrawn")
    def withdrawn(self, order: Order) -> str:
        stated = getattr(order, "withdrawal", None)
        return f"{stated.stated_at:%d %b %Y, %H:%M} UTC, by {stated.name}, receipt to {stated.email}" if stated else ""

    @admin.display(description="Money back")
    def money_back(self, order: Order) -> SafeString:
        refunds = Refund.objects.filter(payment__order=order).select_related("actor").order_by("pk")
        rows = (
            (Money(one.amount_minor, one.currency), one.reason.replace("_", " "), one.get_state_display(), one.actor)
            for one in refunds
        )
        return format_html_join("; ", "{}, {}, {}, decided by {}", ((*row[:3], row[3] or "nobody") for row in rows))

    def has_fulfil_permission(self, request: HttpRequest) -> bool:
        """Those who may send parcels and money: the brand's own staff."""
        return self._may(request, "fulfil", None)

    @admin.action(description="The parcel is on its way", permissions=["fulfil"])
    def ship(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self._each(request, orders, lambda order, now: mark_shipped(order_id=order.pk, now=now), "on its way")

    @admin.action(description="The parcel has arrived", permissions=["fulfil"])
    def deliver(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self._each(request, orders, lambda order, now: mark_delivered(order_id=order.pk, now=now), "arrived")

    @admin.action(description="Refund, units go back for sale", permissions=["fulfil"])
    def refund_and_restock(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self._refund(request, orders, restock=True, words="refunded, its units are for sale")

    @admin.action(description="Refund, units stay out of sale", permissions=["fulfil"])
    def refund(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self._refund(request, orders, restock=False, words="refunded, its units stay out of sale")

    @admin.action(description="Goods of a refunded order are back: put them on sale", permissions=["fulfil"])
    def restock(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        actor = actor_of(request)
        self._each(
            request, orders, lambda order, now: restock_order(order_id=order.pk, actor=actor, now=now), "for sale again"
        )

    def _refund(self, request: HttpRequest, orders: QuerySet[Order], *, restock: bool, words: str) -> None:
        actor = actor_of(request)

        def give_back(order: Order, now: Any) -> None:
            refund_order(order_id=order.pk, restock=restock, actor=actor, now=now)

        self._each(request, orders, give_back, words)

    def _each(
        self, request: HttpRequest, orders: QuerySet[Order], move: Callable[[Order, Any], Any], words: str
    ) -> None:
        """Move each order by its verb; one that refuses says why and holds up no other."""
        for order in orders:
            try:
                move(order, database_now())
            except Refused as refused:
                self.message_user(request, f"{order.code}: {refused.message}", messages.ERROR)
            else:
                self.log_change(request, order, words)
                self.message_user(request, f"{order.code}: {words}.")


@admin.register(Hold)
class HoldAdmin(ScopedAdmin):
    """Units reserved for somebody, now and before."""

    brand_path = "variant__brand"
    staff_may = VIEW
    operators_may = VIEW
    list_display = ("variant", "quantity", "state", "unit_price", "show", "placed_at", "expires_at")
    list_filter = ("state",)
    list_select_related = ("variant__product", "show")
    search_fields = ("variant__sku", "variant__product__name")
    ordering = ("-placed_at",)
    fields = readonly_fields = (
        *("variant", "drop", "show", "quantity", "unit_price", "state"),
        *("placed_at", "expires_at", "paused_at", "extended_at", "ended_at", "order"),
    )


class CodeUseInline(ScopedTabularInline):
    """The orders that have the code, or had it."""

    model = CodeUse
    brand_path = "code__brand"
    staff_may = VIEW
    operators_may = VIEW
    fields = readonly_fields = ("order", "amount", "state", "reserved_at", "spent_at", "freed_at")
    ordering = ("-reserved_at",)
    per_page = 50

    @admin.display(description="Off")
    def amount(self, use: CodeUse) -> Money:
        return Money(use.amount_minor, use.order.currency)


@admin.register(Code)
class CodeAdmin(ScopedAdmin):
    """A brand's discount codes. What people know stays as it is written; a code is switched off, never deleted."""

    form = CodeForm
    staff_may = EDIT
    operators_may = EDIT
    inlines: ClassVar = [CodeUseInline]
    list_display = ("text", "brand", "takes_off", "uses", "taken", "starts_at", "ends_at", "is_active")
    list_filter = ("is_active", OwnBrandsFilter)
    list_select_related = ("brand",)
    search_fields = ("text",)
    autocomplete_fields = ("show",)
    ordering = ("-starts_at", "text")
    fields = (
        ("brand", "text", "show"),
        ("amount", "percent", "least_goods"),
        ("uses", "taken"),
        ("starts_at", "ends_at", "is_active"),
    )

    @admin.display(description="Off")
    def takes_off(self, code: Code) -> str:
        return code.offer

    def get_readonly_fields(self, request: HttpRequest, obj: Code | None = None) -> tuple[str, ...]:
        return ("brand", "text", "taken") if obj else ("taken",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Fill in what most codes have: the brand of those who work for one, and that it counts from now on."""
        brands = list(own_brands(request)[:2])
        filled = {"brand": brands[0].pk if len(brands) == 1 else None, "starts_at": database_now()}
        return {**filled, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Code, form: Any, change: bool) -> None:
        write_code(code=obj)
