"""A file per noun: hold and queue are the promises, order, payment and code the money."""

from checkout.models.code import Code, CodeClaim, CodeDrop, CodeUse
from checkout.models.fair_play import FairShare
from checkout.models.hold import BuyerQuota, Hold
from checkout.models.order import Order, OrderLine, Withdrawal
from checkout.models.payment import Outbox, Payment, PracticeIntent, Refund
from checkout.models.queue import QueuePlace
from checkout.models.reading import AuditReading

__all__ = [
    "AuditReading",
    "BuyerQuota",
    "Code",
    "CodeClaim",
    "CodeDrop",
    "CodeUse",
    "FairShare",
    "Hold",
    "Order",
    "OrderLine",
    "Outbox",
    "Payment",
    "PracticeIntent",
    "QueuePlace",
    "Refund",
    "Withdrawal",
]
