"""What runs by itself. Each task tidies; a task that stops delays news and never blocks a sale."""

from celery import shared_task

from checkout import alarms
from checkout.mails import mail_money_back, mail_order_paid, mail_withdrawn
from checkout.orders import cancel_unpayable_orders
from checkout.outbox import Deed, run_outbox
from checkout.payments import cancel_at_bank, give_up_overdue_payments, settle_notices
from checkout.queue import tell_all_positions
from checkout.refunds import send_refund
from checkout.timekeeper import run_due
from livecommerce.clock import database_now

DEEDS: dict[str, Deed] = {
    "mail.order_paid": mail_order_paid,
    "mail.money_back": mail_money_back,
    "mail.withdrawn": mail_withdrawn,
    "refund": lambda payload, now: send_refund(refund_id=payload["refund"], now=now),
    "payment.cancel": lambda payload, now: cancel_at_bank(payment_id=payload["payment"], now=now),
}


@shared_task(name="checkout.run_outbox")
def run_outbox_task() -> int:
    return run_outbox(deeds=DEEDS, now=database_now())


@shared_task(name="checkout.settle_payments")
def settle_payments_task() -> int:
    """Hear late answers, give up what never got one, close what nobody paid."""
    now = database_now()
    heard = settle_notices(now=now)
    heard += give_up_overdue_payments(now=now)
    return heard + cancel_unpayable_orders(now=now)


@shared_task(name="checkout.run_due")
def run_due_task() -> int:
    """End holds that ran out, hand units on to the queue, draw lots."""
    return run_due(now=database_now())


@shared_task(name="checkout.tell_positions")
def tell_positions_task() -> None:
    tell_all_positions()


@shared_task(name="checkout.read_drift")
def read_drift_task() -> int:
    """Compare the stock of running drops with their holds, for the metrics."""
    return alarms.read_drift(now=database_now())


@shared_task(name="checkout.read_audit")
def read_audit_task() -> int:
    """Prove all books, for the metrics."""
    return alarms.read_audit(now=database_now())


PERIODIC: dict[str, float] = {
    "checkout.run_due": 0.5,
    "checkout.tell_positions": 5.0,
    "checkout.run_outbox": 5.0,
    "checkout.settle_payments": 2.0,
    "checkout.read_drift": 15.0,
    "checkout.read_audit": 600.0,
}
