"""Parcels: what staff say of them. Rule guarded here: only what is paid for leaves, and arrives after it left."""

from datetime import datetime

from django.db.models import Value
from django.db.models.functions import Coalesce

from checkout.models import Order
from livecommerce.errors import Refused


class NotToShip(Refused):
    code = "order.not_to_ship"
    message = "This order is not paid, was refunded, or is on its way already. Nothing was changed."


class NotToDeliver(Refused):
    code = "order.not_to_deliver"
    message = "This order is not paid, was refunded, or has arrived already. Nothing was changed."


def mark_shipped(*, order_id: int, now: datetime) -> None:
    """Note that the parcel left.

    :raises NotToShip: it must not leave, or did.
    """
    if not Order.objects.filter(pk=order_id, state=Order.State.PAID, shipped_at=None).update(shipped_at=now):
        raise NotToShip


def mark_delivered(*, order_id: int, now: datetime) -> None:
    """Note that the parcel arrived; from the day after, the buyer has 14 days to withdraw.

    :raises NotToDeliver: there is nothing to arrive, or it did.
    """
    there = Order.objects.filter(pk=order_id, state=Order.State.PAID, delivered_at=None)
    if not there.update(delivered_at=now, shipped_at=Coalesce("shipped_at", Value(now))):
        raise NotToDeliver
