"""Orders in the back office, to look at: they change by what buyers and banks do, through the verbs of `checkout`."""

from typing import ClassVar

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from catalog.admin_scope import VIEW, OwnBrandsFilter, ScopedAdmin, ScopedTabularInline
from checkout.models import Hold, Order, OrderLine, Payment
from livecommerce.money import Money


class OrderLineInline(ScopedTabularInline):
    """What was ordered, in the words and at the price of that moment."""

    model = OrderLine
    brand_path = "order__brand"
    staff_may = VIEW
    operators_may = VIEW
    fields = readonly_fields = ("name", "option_text", "quantity", "unit_price", "line_total", "from_drop")

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
    """A brand's orders."""

    staff_may = VIEW
    operators_may = VIEW
    inlines: ClassVar = [OrderLineInline, PaymentInline]
    list_display = ("code", "name", "state", "total", "show", "placed_at")
    list_filter = ("state", OwnBrandsFilter)
    list_select_related = ("show",)
    search_fields = ("code", "email", "name")
    ordering = ("-placed_at",)
    date_hierarchy = "placed_at"
    fields = readonly_fields = (
        *("code", "brand", "show", "state", "placed_at", "paid_at", "name", "email", "address_lines"),
        *("goods", "shipping", "discount", "total", "vat"),
    )

    @admin.display(description="Address")
    def address_lines(self, order: Order) -> SafeString:
        return format_html_join(", ", "{}", ((part,) for part in order.address.values() if part))


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
