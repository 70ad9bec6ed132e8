"""Restocking: sold goods that are for sale again. Rule guarded here: only of refunded orders, and each unit once.

Where the goods were sold in a drop that still runs they are its next ones, for whoever is first in line; else they go
to the shop. Lock order: order → holds (by id) → stock (by id, the shop's rows too) → limits → ledger.
"""

from datetime import datetime

from catalog.models import Stock
from catalog.stock import lock_rows, return_from_drop, take_back
from checkout.counts import stock_changed
from checkout.models import Hold, Order
from checkout.offers import offer_units
from checkout.quotas import free_units
from livecommerce.accounts.models import User
from livecommerce.errors import Refused
from livecommerce.transactions import atomic_retry
from streams.models import Drop

_REFUNDED = (Order.State.REFUND_DUE, Order.State.REFUNDED)


class NothingToRestock(Refused):
    code = "order.nothing_to_restock"
    message = "No unit of this order can go back for sale: it is not refunded, or its units went back before."


@atomic_retry
def restock_order(*, order_id: int, actor: User | None, now: datetime) -> int:
    """Put the goods of a refunded order on sale again; return how many units.

    :raises NothingToRestock: the buyer still owns them, or they are on sale already.
    """
    order = Order.objects.select_for_update(no_key=True).get(pk=order_id)
    units = put_back(order=order, actor=actor, now=now)
    if not units:
        raise NothingToRestock
    return units


def put_back(*, order: Order, actor: User | None, now: datetime) -> int:
    """Do the same inside the caller's transaction, which has locked the order's row; 0 when there is nothing to do."""
    if order.state not in _REFUNDED:
        return 0
    sold = Hold.objects.filter(order=order, state=Hold.State.COMMITTED).order_by("pk")
    holds = list(sold.select_for_update(no_key=True))
    if not holds:
        return 0
    shop = dict(
        Stock.objects.shop().filter(variant__in=[hold.variant_id for hold in holds]).values_list("variant_id", "pk")
    )
    rows = lock_rows({hold.stock_id for hold in holds} | set(shop.values()))
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(state=Hold.State.RETURNED)
    free_units(holds=[hold for hold in holds if hold.drop_id], lapsed=False, now=now)
    drops = Drop.objects.in_bulk({hold.drop_id for hold in holds if hold.drop_id})
    for stock_id in sorted({hold.stock_id for hold in holds}):
        mine = [hold for hold in holds if hold.stock_id == stock_id]
        row, drop = rows[stock_id], drops.get(mine[0].drop_id or 0)
        take_back(stock=row, holds=[(hold.pk, hold.quantity) for hold in mine], now=now, actor=actor)
        if drop is None:
            stock_changed(rows=[row], drop_id=None, show_id=None)
        elif drop.closed_at is None:
            offer_units(drop=drop, rows=[row], now=now)
        else:
            return_from_drop(shop=rows[shop[row.variant_id]], stock=row, now=now, actor=actor)
            stock_changed(rows=[rows[shop[row.variant_id]]], drop_id=None, show_id=None)
        if drop is not None:
            stock_changed(rows=[row], drop_id=drop.pk, show_id=drop.show_id)
    return sum(hold.quantity for hold in holds)
