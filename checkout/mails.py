"""Mails about orders. Rule guarded here: a mail says all that was agreed; its link needs no account."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from checkout.addresses import Address
from checkout.links import order_link
from checkout.models import Order, Refund, Withdrawal
from livecommerce.money import Money


def mail_order_paid(payload: dict[str, Any], now: datetime) -> None:
    """Confirm a paid order: goods, sums, seller, address, link."""
    order = Order.objects.select_related("brand").prefetch_related("lines").get(pk=payload["order"])
    _send(order, template="order_paid", subject=f"Order {order.code} is paid", context={})


def mail_money_back(payload: dict[str, Any], now: datetime) -> None:
    """Tell that money goes back, and why."""
    refund = Refund.objects.select_related("payment__order__brand").get(pk=payload["refund"])
    order = refund.payment.order
    _send(
        order,
        template="money_back",
        subject=f"Your money for order {order.code} goes back",
        context={"refund": refund, "amount": Money(refund.amount_minor, refund.currency)},
    )


def mail_withdrawn(payload: dict[str, Any], now: datetime) -> None:
    """Send the receipt of a withdrawal: what was stated, when, and what goes back."""
    withdrawal = Withdrawal.objects.select_related("order__brand").get(order=payload["order"])
    order = withdrawal.order
    _send(
        order,
        template="withdrawn",
        subject=f"You withdrew from order {order.code}",
        context={"withdrawal": withdrawal},
        to=withdrawal.email,
    )


def _send(order: Order, *, template: str, subject: str, context: dict[str, Any], to: str = "") -> None:
    context = {
        "order": order,
        "lines": list(order.lines.all()),
        "address": Address(**order.address),
        "link": order_link(order.code),
        "product_name": settings.PRODUCT_NAME,
        **context,
    }
    mail = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"checkout/mail/{template}.txt", context),
        to=[to or order.email],
        # Mail systems drop what they have seen; a retry of the outbox after a crash stays one letter.
        headers={"Message-ID": f"<{template}.{order.code}@{settings.PUBLIC_URL.split('//')[-1].split(':')[0]}>"},
    )
    mail.attach_alternative(render_to_string(f"checkout/mail/{template}.html", context), "text/html")
    mail.send()
