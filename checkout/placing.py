"""Placing: plain orders, many in one transaction. Rule guarded here: what is not plain is left to the verb for one.

Plain is: a new key, no code, units of one seller that this buyer holds and nobody ordered, the total that was seen. In
a rush nearly all orders are, and share their dozen statements and their commit. Lock order: holds (by id), then new
rows only.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import OuterRef, Prefetch, Subquery

from catalog.models import ProductImage
from checkout.addresses import Address
from checkout.carts import picture_of
from checkout.gateways import gateway
from checkout.links import new_code
from checkout.models import Hold, Order, OrderLine, Payment
from checkout.totals import Totals, totals_of
from livecommerce.transactions import atomic_retry

# After "Pay now" a buyer has at least this long to type a card, even when the hold was about to end.
TIME_TO_PAY = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """An order that somebody wants; `hold_ids` in order and each once."""

    buyer_id: UUID
    hold_ids: tuple[int, ...]
    email: str
    address: Address
    key: str
    total_seen: int | None
    now: datetime
    # The discount code, as it is stored; empty for an order without one.
    code: str = ""


@atomic_retry
def place_plain(wishes: Sequence[Wish]) -> dict[int, Order]:
    """Place the plain ones among these wishes; return their orders by place in the list."""
    wanted = Counter(pk for wish in wishes for pk in wish.hold_ids)
    found = Hold.objects.filter(pk__in=list(wanted), order_line=None).select_related("variant__product__brand")
    holds = {
        hold.pk: hold
        for hold in found.prefetch_related(Prefetch("variant__product__images", ProductImage.objects.all()))
        .order_by("pk")
        .select_for_update(no_key=True, of=("self",))
    }
    keys = Order.objects.filter(buyer__in={wish.buyer_id for wish in wishes}, key__in={wish.key for wish in wishes})
    known = set(keys.values_list("buyer_id", "key"))
    plain: dict[int, tuple[Wish, list[Hold], Totals]] = {}
    for place, wish in enumerate(wishes):
        mine = [holds[pk] for pk in wish.hold_ids if pk in holds and wanted[pk] == 1]
        if len(mine) == len(wish.hold_ids) and (wish.buyer_id, wish.key) not in known and _is_plain(wish, mine):
            known.add((wish.buyer_id, wish.key))
            totals = totals_of(brand=mine[0].variant.product.brand, holds=mine)
            if wish.total_seen in {None, totals.total.minor}:
                plain[place] = (wish, mine, totals)
    return dict(zip(plain, _write(list(plain.values())), strict=True)) if plain else {}


def _is_plain(wish: Wish, holds: Sequence[Hold]) -> bool:
    brands = {hold.variant.product.brand_id for hold in holds}
    return (
        not wish.code
        and len(brands) == 1
        and all(
            hold.buyer_id == wish.buyer_id
            and hold.state == Hold.State.HELD
            and hold.offered_at is None
            and not hold.is_overdue(wish.now)
            for hold in holds
        )
    )


def _write(plain: Sequence[tuple[Wish, list[Hold], Totals]]) -> list[Order]:
    orders = Order.objects.bulk_create(new_order(wish, holds, totals) for wish, holds, totals in plain)
    OrderLine.objects.bulk_create(
        new_line(order, hold) for order, (_, holds, _) in zip(orders, plain, strict=True) for hold in holds
    )
    ordered = OrderLine.objects.filter(hold=OuterRef("pk")).values("order")[:1]
    Hold.objects.filter(pk__in=[hold.pk for _, holds, _ in plain for hold in holds]).update(
        state=Hold.State.PAYING, order_id=Subquery(ordered)
    )
    Payment.objects.bulk_create(
        first_attempt(order, holds, wish.now) for order, (wish, holds, _) in zip(orders, plain, strict=True)
    )
    return orders


def new_order(wish: Wish, holds: Sequence[Hold], totals: Totals) -> Order:
    """Give the row of an order that is not written yet."""
    brand = holds[0].variant.product.brand
    return Order(
        code=new_code(),
        key=wish.key,
        brand=brand,
        show_id=next((hold.show_id for hold in holds if hold.show_id), None),
        buyer_id=wish.buyer_id,
        email=wish.email,
        name=wish.address.name,
        address=wish.address.wire(),
        currency=brand.currency,
        goods_minor=totals.goods.minor,
        shipping_minor=totals.shipping.minor,
        discount_minor=totals.discount.minor,
        vat_minor=totals.vat.minor,
        vat_rate_bp=totals.vat_rate_bp,
        total_minor=totals.total.minor,
        placed_at=wish.now,
    )


def new_line(order: Order, hold: Hold, discount_minor: int = 0) -> OrderLine:
    """Give the row of one held thing as it is sold, with its share of the order's discount."""
    return OrderLine(
        order=order,
        hold=hold,
        variant=hold.variant,
        name=hold.variant.product.name,
        option_text=hold.variant.option_text,
        image=picture_of(hold.variant.product),
        from_drop=hold.drop_id is not None,
        quantity=hold.quantity,
        unit_price_minor=hold.unit_price_minor,
        total_minor=hold.total.minor,
        discount_minor=discount_minor,
        held_at=hold.placed_at,
    )


def first_attempt(order: Order, holds: Sequence[Hold], now: datetime) -> Payment:
    """Give the row of the first attempt to pay."""
    return Payment(
        order=order,
        n=1,
        provider=gateway().provider,
        amount_minor=order.total_minor,
        currency=order.currency,
        started_at=now,
        deadline_at=max(now + TIME_TO_PAY, *(hold.expires_at for hold in holds)),
    )
