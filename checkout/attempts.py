"""Attempts: the steps of a payment before its bank is asked, each for all that are at it. Rule guarded here: one asks.

In a rush hundreds of orders are paid at once. What is read and marked of one attempt is read and marked for all that
come to the same step together (`livecommerce/realtime/batch.py`); the call to the gateway stays each request's own.
"""

from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta

from checkout.gateways import gateway_of
from checkout.models import Payment
from livecommerce.realtime.batch import Batch
from livecommerce.transactions import atomic_retry

# How long a bank may think, or a buyer may take for its check, before the goods go back.
TIME_FOR_THE_BANK = timedelta(minutes=10)


def _untried_together(subject: str, asked: Sequence[tuple[int, datetime]]) -> list[Payment | None]:
    """Give the first attempts of orders while no bank was asked, by far the most common case; it needs no lock.

    A new attempt means that the order is pending; that it is still new decides the guarded UPDATE just before the bank.
    """
    attempts: dict[int, list[Payment]] = defaultdict(list)
    for attempt in Payment.objects.filter(order__in={order_id for order_id, _ in asked}):
        attempts[attempt.order_id].append(attempt)
    only = [attempts[order_id][0] if len(attempts[order_id]) == 1 else None for order_id, _ in asked]
    return [
        copy(attempt) if attempt and attempt.is_fresh(now) else None
        for attempt, (_, now) in zip(only, asked, strict=True)
    ]


untried: Batch[tuple[int, datetime], Payment | None] = Batch("payments.untried", _untried_together)


def announce(attempt: Payment) -> Payment:
    """Tell the gateway about an attempt, outside any transaction; the key lets a repeat find the same intent."""
    if attempt.provider_ref:
        return attempt
    reading = gateway_of(attempt.provider).open_intent(
        key=f"order:{attempt.order_id}:pi:{attempt.n}", amount=attempt.amount, reference=f"order {attempt.order_id}"
    )
    attempt.provider_ref, attempt.client_secret = reading.ref, reading.client_secret
    return naming.ask_from_thread("payments", attempt)


def _name_together(subject: str, attempts: Sequence[Payment]) -> Sequence[Payment]:
    """Write how the gateway calls these attempts; one that has a name keeps it."""
    unnamed = Payment.objects.filter(provider_ref="")
    if unnamed.bulk_update(attempts, ["provider_ref", "client_secret"]) == len(attempts):
        return attempts
    named = Payment.objects.in_bulk([attempt.pk for attempt in attempts])
    return [named[attempt.pk] for attempt in attempts]


naming: Batch[Payment, Payment] = Batch("payments.name", _name_together)


@atomic_retry
def _hand_together(subject: str, tried: Sequence[tuple[int, datetime]]) -> list[bool]:
    """Mark that a bank is about to be asked; False where another request did so first. The holds now wait for it."""
    new = Payment.objects.filter(pk__in={pk for pk, _ in tried}, state=Payment.State.NEW)
    ours = set(new.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    deadline = max(now for _, now in tried) + TIME_FOR_THE_BANK
    Payment.objects.filter(pk__in=ours).update(state=Payment.State.PROCESSING, deadline_at=deadline)
    # Of a double tap in one round the first is ours.
    first = {pk: place for place, (pk, _) in reversed(list(enumerate(tried))) if pk in ours}
    return [first.get(pk) == place for place, (pk, _) in enumerate(tried)]


handing: Batch[tuple[int, datetime], bool] = Batch("payments.hand", _hand_together)
