"""A file per noun: hold and queue are the promises, order and payment the money."""

from checkout.models.hold import BuyerQuota, Hold
from checkout.models.order import Order, OrderLine
from checkout.models.payment import Outbox, Payment, PracticeIntent, Refund
from checkout.models.queue import QueuePlace

__all__ = [
    "BuyerQuota",
    "Hold",
    "Order",
    "OrderLine",
    "Outbox",
    "Payment",
    "PracticeIntent",
    "QueuePlace",
    "Refund",
]
