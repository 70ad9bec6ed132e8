"""Orders: what was held becomes a contract. Rule guarded here: one hold, one living order; one key, one order.

Lock order: earlier orders → holds (by id) → codes (by id), then new rows only.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import IntegrityError
from django.db.models import Exists, OuterRef, prefetch_related_objects

from checkout.addresses import Address, clean_delivery
from checkout.codes import code_text_of, find_code, free_codes, refuse_unless_it_counts, reserve_code, the_one_of
from checkout.holds import begin_payment, return_to_held
from checkout.links import token_opens
from checkout.models import Hold, Order, OrderLine, Payment
from checkout.outbox import send_later
from checkout.placing import Wish, first_attempt, new_line, new_order, place_plain
from checkout.totals import shares_of, totals_of
from livecommerce.accounts.models import User
from livecommerce.accounts.viewer import Viewer
from livecommerce.errors import NotFound, Refused
from livecommerce.realtime.batch import Batch
from livecommerce.transactions import atomic_retry

DEFAULT_COUNTRY = "DE"
_TRIES = 3
_AT_BANK = (Payment.State.PROCESSING, Payment.State.REQUIRES_ACTION)


class OrderNotFound(NotFound):
    code = "order.not_found"
    message = "There is no such order, or the link is not complete. Open the link in your mail, or sign in."


class NothingHeld(Refused):
    code = "order.nothing_held"
    message = "Nothing is held for you any more. Nothing was charged. Hold it again and pay within its time."


class SeveralSellers(Refused):
    code = "order.several_sellers"
    status = 422
    message = (
        "These items come from several sellers. Each seller makes a contract of its own: pay them one after the other."
    )


class OrderKeyUsed(Refused):
    code = "order.key_used"
    message = "This key was used for another order. Nothing was ordered now; send a new key with a new order."


class TotalMoved(Refused):
    code = "order.total_moved"


class PaymentRuns(Refused):
    code = "order.payment_runs"
    message = "Your bank is still deciding about this. Nothing is lost: wait for its answer or finish its check."


def place_order(
    *,
    buyer_id: UUID,
    hold_ids: list[int],
    email: str,
    address: Mapping[str, object],
    key: str,
    codes: Sequence[str] = (),
    total_seen: int | None = None,
    now: datetime,
) -> Order:
    """Make a pending order of held units and set them to PAYING; the prices are our own.

    The same key, or the same holds and code after a reload, finds the order that was made before. `total_seen` is what
    stood on the button, in minor units: nobody is charged another amount than they agreed to. Of `codes` one counts.

    :raises AddressIncomplete: with a sentence per field; nothing is written.
    :raises NothingHeld, HoldOver, SeveralSellers, TotalMoved, OrderKeyUsed, PaymentRuns: nothing is written.
    :raises SeveralCodes, CodeNotFound, and what `checkout.codes` refuses: nothing is written.
    """
    code = the_one_of(codes)
    email, cleaned = clean_delivery(email=email, address=address)
    wish = Wish(
        buyer_id=buyer_id,
        hold_ids=tuple(sorted(set(hold_ids))),
        email=email,
        address=cleaned,
        key=key,
        total_seen=total_seen,
        now=now,
        code=code,
    )
    return placing.ask_from_thread("orders", wish)


def _decide(subject: str, wishes: Sequence[Wish]) -> list[Order | Exception]:
    """Place orders that were asked for at once: the plain ones together, the others one by one."""
    try:
        placed = place_plain(wishes)
    except IntegrityError:
        # A code that is taken, or another process was quicker with a key: each looks again for itself.
        placed = {}
    # Who ordered is about to be shown the order.
    prefetch_related_objects(list(placed.values()), "lines", "payments")
    return [placed.get(place) or _decide_one(wish) for place, wish in enumerate(wishes)]


placing: Batch[Wish, Order] = Batch("orders", _decide)


def _decide_one(wish: Wish) -> Order | Exception:
    for _ in range(_TRIES):
        try:
            return _find_or_place(wish)
        except Refused as refused:
            return refused
        except IntegrityError as error:
            # Another tab was quicker with the key, a hold or the code: look again, its row is there now.
            trouble = error
    return trouble


def order_for_viewer(*, code: str, viewer: Viewer, token: str = "") -> Order:
    """Return an order to its buyer, or to whoever has the signed link; what belongs to it is for the caller to load.

    :raises OrderNotFound: for everyone else, whether it exists or not.
    """
    order = looking.ask_from_thread("orders", code)
    is_buyer = viewer.visitor_id is not None and order.buyer_id == viewer.visitor_id
    if not (is_buyer or (token and token_opens(code, token))):
        raise OrderNotFound
    return order


def _look_together(subject: str, codes: Sequence[str]) -> list[Order | Exception]:
    found = {order.code: order for order in Order.objects.filter(code__in=set(codes))}
    # A copy for each who asks: what one of them loads or changes is not what another one sees.
    return [copy(found[code]) if code in found else OrderNotFound() for code in codes]


looking: Batch[str, Order] = Batch("orders.look", _look_together)


def known_delivery(*, buyer_id: UUID | None, user: AbstractBaseUser | AnonymousUser | None) -> dict[str, str]:
    """Return what is known of a buyer, so that it is not typed twice: the last order's address, else the account."""
    last = Order.objects.of_buyer(buyer_id).order_by("-placed_at").first() if buyer_id else None
    if last:
        return {"email": last.email, **last.address}
    if isinstance(user, User):
        return {"email": user.email, "name": user.name, "country": DEFAULT_COUNTRY}
    return {"country": DEFAULT_COUNTRY}


@atomic_retry
def stand_down(*, order_id: int, now: datetime) -> None:
    """End an attempt that no bank was asked about; its holds can be made longer, let go, or paid with another card."""
    end_untried(Order.objects.select_for_update(no_key=True).get(pk=order_id), now)


@atomic_retry
def cancel_unpayable_orders(*, now: datetime) -> int:
    """Close pending orders whose holds are all over and that no bank is deciding about; return how many."""
    alive = Hold.objects.filter(order_line__order=OuterRef("pk"), state__in=[Hold.State.HELD, Hold.State.PAYING])
    asked = Payment.objects.open().filter(order=OuterRef("pk"))
    left = Order.objects.pending().filter(~Exists(alive), ~Exists(asked), placed_at__lt=now)
    orders = list(left.order_by("pk").select_for_update(no_key=True))
    if orders:
        Order.objects.filter(pk__in=[order.pk for order in orders]).update(state=Order.State.CANCELLED, closed_at=now)
        free_codes(orders=orders, now=now)
    return len(orders)


@atomic_retry
def _find_or_place(wish: Wish) -> Order:
    order = Order.objects.filter(buyer_id=wish.buyer_id, key=wish.key).first()
    if order is None:
        order = _place(wish)
    elif not _is_same(order, wish):
        raise OrderKeyUsed
    if wish.total_seen is not None and wish.total_seen != order.total_minor:
        raise TotalMoved(
            f"The total is {order.total} now. Nothing was charged and your hold stays. Look at it and pay again."
        )
    return order


def _place(wish: Wish) -> Order:
    holds = list(Hold.objects.filter(pk__in=wish.hold_ids, buyer_id=wish.buyer_id).with_card().order_by("pk"))
    if not holds or len(holds) != len(wish.hold_ids):
        raise NothingHeld
    brand = holds[0].variant.product.brand
    if any(hold.variant.product.brand_id != brand.pk for hold in holds):
        raise SeveralSellers
    code = find_code(text=wish.code, brand_id=brand.pk) if wish.code else None
    totals = totals_of(brand=brand, holds=holds, code=code)
    replaced = []
    known = Order.objects.pending().filter(pk__in=_orders_with(wish.hold_ids))
    for earlier in known.order_by("pk").select_for_update():
        if _is_same(earlier, wish) and earlier.total == totals.total:
            return _take_up(earlier, wish.email, wish.address)
        _let_go(earlier, wish.now)
        replaced.append(earlier)
    if code:
        refuse_unless_it_counts(code=code, holds=holds, totals=totals, now=wish.now)
    order = new_order(wish, holds, totals)
    order.save()
    shares = shares_of(order.discount_minor, [hold.total.minor for hold in holds])
    OrderLine.objects.bulk_create(new_line(order, hold, share) for hold, share in zip(holds, shares, strict=True))
    begin_payment(holds=holds, order=order, until=wish.now, now=wish.now)
    if code:
        reserve_code(code=code, order=order, instead_of=replaced, now=wish.now)
    else:
        free_codes(orders=replaced, now=wish.now)
    first_attempt(order, holds, wish.now).save()
    return order


def _orders_with(hold_ids: Sequence[int]) -> list[int]:
    return list(OrderLine.objects.filter(hold__in=hold_ids).values_list("order_id", flat=True))


def _is_same(order: Order, wish: Wish) -> bool:
    holds = sorted(line.hold_id or 0 for line in order.lines.all())
    return holds == list(wish.hold_ids) and code_text_of(order) == wish.code


def _take_up(order: Order, email: str, address: Address) -> Order:
    """Use the order that a reload or a second tab finds again; what was typed last counts while no bank is deciding."""
    if not order.payments.filter(state__in=_AT_BANK).exists():
        order.email, order.name, order.address = email, address.name, address.wire()
        order.save(update_fields=["email", "name", "address"])
    return order


def _let_go(order: Order, now: datetime) -> None:
    """Close an unpaid order because its buyer now wants another set of the same holds; the caller frees its code.

    :raises PaymentRuns: a bank is deciding about it; only its answer may free the holds.
    """
    if order.payments.filter(state__in=_AT_BANK).exists():
        raise PaymentRuns
    end_untried(order, now)
    order.lines.update(hold=None)
    Order.objects.filter(pk=order.pk).update(state=Order.State.CANCELLED, closed_at=now)


def end_untried(order: Order, now: datetime) -> None:
    """End the attempt that no bank was asked about, if there is one; the order's row is locked."""
    attempt = order.payments.filter(state=Payment.State.NEW).first()
    if attempt is None:
        return
    untried = Payment.objects.filter(pk=attempt.pk, state=Payment.State.NEW)
    if not untried.update(state=Payment.State.CANCELLED, settled_at=now):
        # The bank was asked in this very moment; only its answer ends the attempt now.
        raise PaymentRuns
    return_to_held(order=order, now=now)
    if attempt.provider_ref:
        key = f"payment.cancel:{attempt.pk}"
        send_later(kind="payment.cancel", key=key, payload={"payment": attempt.pk}, now=now)
