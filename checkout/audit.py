"""What must always be true of holds, limits, the queue, orders, codes and payments; and the audit of all apps below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, Q, Sum

import catalog.audit
import streams.audit
from catalog.audit import Invariant
from catalog.models import Stock, StockEntry, StockSales
from checkout.models import BuyerQuota, Code, CodeUse, Hold, Order, Payment, QueuePlace, Refund, Withdrawal
from checkout.models.hold import OPEN, TAKING
from streams.models import DropItem


def miscounted() -> Iterator[str]:
    """taken = held + being paid + sold and not yet shipped, row by row."""
    promised = _units(Hold.objects.taking().values("stock"))
    for stock in Stock.objects.all():
        if stock.taken != promised.get(stock.pk, 0):
            yield f"stock {stock.pk}: {stock.taken} taken, holds say {promised.get(stock.pk, 0)}"


def missold() -> Iterator[str]:
    sold = _units(Hold.objects.filter(state=Hold.State.COMMITTED).values("stock"))
    for sales in StockSales.objects.all():
        if sales.sold != sold.get(sales.stock_id, 0):
            yield f"stock {sales.stock_id}: {sales.sold} sold, holds say {sold.get(sales.stock_id, 0)}"


def unrecorded() -> Iterator[str]:
    """Every hold stands in the ledger with the units that its state says."""
    net: Counter[int] = Counter()
    sold: Counter[int] = Counter()
    for entry in StockEntry.objects.exclude(holds=[]).iterator():
        for hold_id, units in entry.holds:
            if entry.chain == StockEntry.Chain.SALES:
                sold[hold_id] += units if entry.kind == StockEntry.Kind.COMMITTED else -units
            else:
                net[hold_id] += units if entry.kind == StockEntry.Kind.HELD else -units
    for hold_id, state, quantity in Hold.objects.values_list("pk", "state", "quantity").iterator():
        if net[hold_id] != (quantity if state in TAKING else 0):
            yield f"hold {hold_id}: {quantity} {state}, the ledger says {net[hold_id]} taken"
        if sold[hold_id] != (quantity if state == Hold.State.COMMITTED else 0):
            yield f"hold {hold_id}: {quantity} {state}, the ledger says {sold[hold_id]} sold"
        del net[hold_id], sold[hold_id]
    for hold_id in {pk for counted in (net, sold) for pk, units in counted.items() if units}:
        yield f"hold {hold_id} is in the ledger and nowhere else"


def disagreeing() -> Iterator[str]:
    """What a hold repeats of its stock row is what the row says."""
    of_drop = {item.stock_id: (item.drop_id, item.drop.show_id) for item in DropItem.objects.select_related("drop")}
    for hold in Hold.objects.exclude(Exists(Stock.objects.filter(pk=OuterRef("stock")))):
        yield f"hold {hold.pk}: its stock row is not there"
    wrong_variant = Hold.objects.exclude(variant=F("stock__variant"))
    for hold in wrong_variant:
        yield f"hold {hold.pk}: another variant than its stock row"
    for pk, stock_id, drop_id, show_id in Hold.objects.values_list("pk", "stock", "drop", "show").iterator():
        if (drop_id, show_id) != of_drop.get(stock_id, (None, show_id)):
            yield f"hold {pk}: another drop or show than its stock row"


def over_limit() -> Iterator[str]:
    """A buyer's quota says what the buyer has, and nobody has more than the limit."""
    have: Counter[tuple[int | None, int | None, object]] = Counter()
    counted = Q(drop__isnull=False, state__in=TAKING) | Q(drop__isnull=True, state__in=OPEN)
    for drop, variant, buyer, units in Hold.objects.filter(counted).values_list("drop", "variant", "buyer", "quantity"):
        have[drop, None if drop else variant, buyer] += units
    for quota in BuyerQuota.objects.iterator():
        units = have.pop((quota.drop_id, quota.variant_id, quota.buyer_id), 0)
        if quota.units != units:
            yield f"quota {quota.pk}: says {quota.units}, the buyer has {units}"
        if quota.units > quota.max_units:
            yield f"quota {quota.pk}: {quota.units} of at most {quota.max_units}"
    for (drop_id, variant_id, _), units in have.items():
        yield f"{units} units of drop {drop_id} or variant {variant_id} without a quota"


def two_ways_in() -> Iterator[str]:
    waiting = set(QueuePlace.objects.waiting().values_list("drop_id", "buyer_id"))
    holding = set(Hold.objects.open().filter(drop__isnull=False).values_list("drop_id", "buyer_id"))
    for drop_id, _ in waiting & holding:
        yield f"drop {drop_id}: somebody holds and queues"


def empty_offers() -> Iterator[str]:
    offered = QueuePlace.objects.filter(state=QueuePlace.State.OFFERED)
    for place in offered.exclude(hold__state=Hold.State.HELD, hold__offered_at__isnull=False):
        yield f"place {place.pk} has an offer without a held unit"
    for hold in Hold.objects.filter(state=Hold.State.HELD, offered_at__isnull=False).exclude(place__state="offered"):
        yield f"hold {hold.pk} is an offer without a place"


def unpaid_goods() -> Iterator[str]:
    for hold in Hold.objects.filter(state=Hold.State.COMMITTED).exclude(
        order__state__in=[Order.State.PAID, Order.State.REFUND_DUE, Order.State.REFUNDED]
    ):
        yield f"hold {hold.pk} is sold, its order is not paid"
    paid = Order.objects.filter(state=Order.State.PAID)
    for order in paid.filter(lines__hold__isnull=False).exclude(lines__hold__state=Hold.State.COMMITTED).distinct():
        yield f"order {order.code} is paid, its goods are not its buyer's"


def taken_back() -> Iterator[str]:
    """Goods are on sale again only where the money went back, and then all goods of the order are."""
    refunded = [Order.State.REFUND_DUE, Order.State.REFUNDED]
    returned = Hold.objects.filter(state=Hold.State.RETURNED)
    for hold in returned.exclude(order__state__in=refunded):
        yield f"hold {hold.pk} is on sale again, its order is not refunded"
    for order in Order.objects.filter(holds__in=returned, holds__state=Hold.State.COMMITTED).distinct():
        yield f"order {order.code}: some of its goods are on sale again, some are not"
    for order in Order.objects.filter(state__in=refunded, holds__in=Hold.objects.filter(state__in=OPEN)).distinct():
        yield f"order {order.code} is refunded and holds on to goods"


def unfulfilled_withdrawals() -> Iterator[str]:
    """Who withdrew has all the money back or on its way, once."""
    for stated in Withdrawal.objects.select_related("order"):
        refunds = Refund.objects.filter(payment__order=stated.order_id, reason="withdrawn")
        owed = refunds.exclude(state=Refund.State.FAILED).aggregate(sum=Sum("amount_minor"))["sum"] or 0
        if stated.order.state not in {Order.State.REFUND_DUE, Order.State.REFUNDED} or owed != stated.order.total_minor:
            yield f"order {stated.order.code}: withdrawn, and {owed} of {stated.order.total_minor} goes back"
    for refund in Refund.objects.filter(reason="withdrawn", payment__order__withdrawal=None):
        yield f"refund {refund.pk}: for a withdrawal that nobody stated"


def lost_money() -> Iterator[str]:
    """What a bank took is an order's, or on its way back; and never more goes back than came."""
    for payment in Payment.objects.filter(state=Payment.State.SUCCEEDED).select_related("order"):
        refunds = [refund.amount_minor for refund in Refund.objects.filter(payment=payment)]
        if sum(refunds) > payment.amount_minor:
            yield f"payment {payment.pk}: {sum(refunds)} go back of {payment.amount_minor}"
        if payment.order.state not in {Order.State.PAID, Order.State.REFUND_DUE, Order.State.REFUNDED} and not refunds:
            yield f"payment {payment.pk} succeeded, order {payment.order.code} has nothing of it"
    for order in Order.objects.filter(state=Order.State.PAID):
        taken = Payment.objects.filter(order=order, state=Payment.State.SUCCEEDED)
        if not any(payment.amount_minor == order.total_minor for payment in taken):
            yield f"order {order.code} is paid without a payment of its total"


def wrong_totals() -> Iterator[str]:
    sums = Order.objects.annotate(lines_minor=Sum("lines__total_minor"), shares_minor=Sum("lines__discount_minor"))
    figures = sums.values_list("code", "goods_minor", "lines_minor", "discount_minor", "shares_minor")
    for code, goods, lines, discount, shares in figures:
        if goods != lines:
            yield f"order {code}: lines say {lines}, the order says {goods}"
        if discount != shares:
            yield f"order {code}: {shares} off its lines, {discount} off the order"


def miscounted_codes() -> Iterator[str]:
    """A code counts the orders that wait with it or are paid; what an order takes off is its use of a code."""
    counted = Counter(CodeUse.objects.counted().values_list("code_id", flat=True))
    for code in Code.objects.all():
        if code.taken != counted[code.pk]:
            yield f"code {code.pk}: {code.taken} taken, orders say {counted[code.pk]}"
    alone = Order.objects.filter(code_use=None, discount_minor__gt=0)
    for order_code in alone.values_list("code", flat=True):
        yield f"order {order_code}: something is off without a code"
    for use in CodeUse.objects.select_related("order").iterator():
        order = use.order
        if use.amount_minor != order.discount_minor:
            yield f"order {order.code}: {order.discount_minor} off, its code says {use.amount_minor}"
        if (use.state == CodeUse.State.RESERVED) != order.is_pending:
            yield f"order {order.code} is {order.state}, its code is {use.state}"
        if (use.state == CodeUse.State.SPENT) != (order.paid_at is not None):
            yield f"order {order.code}: its code is {use.state}, and it was {'' if order.paid_at else 'not '}paid"


INVARIANTS = (
    Invariant("holds: taken is held, being paid and sold", miscounted),
    Invariant("holds: sold is what orders committed", missold),
    Invariant("holds: each stands in the ledger as what it is", unrecorded),
    Invariant("holds: drop, show and variant are those of the stock row", disagreeing),
    Invariant("limits: each buyer has what the quota says, within the limit", over_limit),
    Invariant("queue: nobody holds and queues", two_ways_in),
    Invariant("queue: each offer is a unit held", empty_offers),
    Invariant("orders: paid goods are the buyer's, and only paid ones", unpaid_goods),
    Invariant("orders: goods on sale again are those of refunded orders", taken_back),
    Invariant("withdrawals: all the money goes back, once", unfulfilled_withdrawals),
    Invariant("orders: lines add up to the total", wrong_totals),
    Invariant("codes: taken is reserved and spent, an order takes off what its code says", miscounted_codes),
    Invariant("payments: money taken is an order's or goes back", lost_money),
)

EVERYTHING = (*catalog.audit.INVARIANTS, *streams.audit.INVARIANTS, *INVARIANTS)


def breaches() -> Iterator[str]:
    """Give every breach of every invariant, as `rule: sentence`."""
    for invariant in EVERYTHING:
        for sentence in invariant.breaches():
            yield f"{invariant.rule}: {sentence}"


def _units(holds: object) -> dict[int, int]:
    rows = holds.annotate(units=Sum("quantity")).order_by()  # type: ignore[attr-defined]
    return {row["stock"]: row["units"] for row in rows}
