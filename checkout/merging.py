"""Merging: a guest turns out to be someone. The rule guarded here: one person has one limit."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from catalog.stock import lock_rows
from checkout.codes import move_codes
from checkout.lapses import end_holds
from checkout.models import BuyerQuota, Hold, Order, QueuePlace
from checkout.models.hold import HoldState
from checkout.queue import leave_place
from livecommerce.transactions import atomic_retry


@atomic_retry
def merge_holds(*, from_visitor: UUID, to_visitor: UUID, now: datetime) -> None:
    """Give a guest's holds, limits, queue places, orders and codes to the account they signed in to.

    What together exceeds the limit of one buyer is let go, the newest first; what is sold stays sold.
    """
    holds = list(Hold.objects.filter(buyer=from_visitor).order_by("pk").select_for_update(no_key=True))
    open_ones = [hold for hold in holds if hold.is_open]
    rows = lock_rows({hold.stock_id for hold in open_ones})
    for quota in BuyerQuota.objects.filter(buyer__in=[from_visitor, to_visitor]).order_by("pk").select_for_update():
        if quota.buyer_id != from_visitor:
            continue
        mine = [
            hold
            for hold in open_ones
            if hold.state == HoldState.HELD
            and (
                hold.drop_id == quota.drop_id
                if quota.drop_id
                else not hold.drop_id and hold.variant_id == quota.variant_id
            )
        ]
        twin = BuyerQuota.objects.filter(drop=quota.drop_id, variant=quota.variant_id, buyer=to_visitor).first()
        excess = quota.units + (twin.units if twin else 0) - quota.max_units
        while excess > 0 and mine:
            newest = mine.pop()
            end_holds([newest], rows=rows, state=HoldState.RELEASED, now=now)
            excess -= newest.quantity
        _merge_quota(quota, to_visitor)
    _move_places(from_visitor, to_visitor, now)
    taken_keys = Hold.objects.filter(buyer=to_visitor).values("key")
    for hold in Hold.objects.filter(buyer=from_visitor, key__in=taken_keys):
        Hold.objects.filter(pk=hold.pk).update(key=f"guest:{hold.pk}")
    Hold.objects.filter(buyer=from_visitor).update(buyer=to_visitor)
    order_keys = Order.objects.filter(buyer=to_visitor).values("key")
    for order in Order.objects.filter(buyer=from_visitor, key__in=order_keys):
        Order.objects.filter(pk=order.pk).update(key=f"guest:{order.pk}")
    Order.objects.filter(buyer=from_visitor).update(buyer=to_visitor)
    move_codes(from_visitor=from_visitor, to_visitor=to_visitor)


def _merge_quota(quota: BuyerQuota, to_visitor: UUID) -> None:
    quota.refresh_from_db()
    twin = BuyerQuota.objects.filter(drop=quota.drop_id, variant=quota.variant_id, buyer=to_visitor).first()
    if twin is None:
        BuyerQuota.objects.filter(pk=quota.pk).update(buyer=to_visitor)
        return
    twin.units += quota.units
    # Both had bought up to the limit before they were known as one: that stands, and nothing more can be had.
    twin.max_units = max(twin.max_units, twin.units)
    twin.lapsed += quota.lapsed
    twin.extended = max(twin.extended, quota.extended)
    quota.delete()
    twin.save()


def _move_places(from_visitor: UUID, to_visitor: UUID, now: datetime) -> None:
    stands_in = set(QueuePlace.objects.active().filter(buyer=to_visitor).values_list("drop_id", flat=True))
    holding = set(Hold.objects.open().filter(buyer=to_visitor, drop__isnull=False).values_list("drop_id", flat=True))
    for place in QueuePlace.objects.active().filter(buyer=from_visitor).order_by("pk"):
        if place.drop_id in stands_in | holding and place.state == QueuePlace.State.WAITING:
            leave_place(place=place, now=now)
    QueuePlace.objects.filter(buyer=from_visitor).exclude(state=QueuePlace.State.OFFERED, drop__in=stands_in).update(
        buyer=to_visitor
    )
    # An offer to the guest while the account stands in line: the offer is the better one of the two.
    for place in QueuePlace.objects.active().filter(buyer=from_visitor):
        for other in QueuePlace.objects.waiting().filter(buyer=to_visitor, drop=place.drop_id):
            leave_place(place=other, now=now)
        QueuePlace.objects.filter(pk=place.pk).update(buyer=to_visitor)
