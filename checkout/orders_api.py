"""The API of bags and orders: parse, one verb, translate."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from ninja.security import APIKeyQuery
from pydantic import AliasChoices

from checkout.attempts import announce
from checkout.carts import cart_of
from checkout.codes import code_text_of
from checkout.gateways.base import Card
from checkout.links import check_path, order_path, token_opens
from checkout.models import Order, Payment
from checkout.orders import order_for_viewer, place_order
from checkout.payments import (
    answer_check,
    latest_payment,
    pay_order,
    refresh_payment,
    refuse_when_declined,
    start_payment,
)
from checkout.withdrawals import withdraw, withdrawable_until
from livecommerce.accounts.api_auth import ANYONE, KNOWN_VIEWER
from livecommerce.accounts.viewer import who_asks
from livecommerce.accounts.visitors import require_visitor
from livecommerce.clock import database_now, measured_now, receipt_time
from livecommerce.errors import BadInput, Refused

router = Router(tags=["orders"])


class PointsNotTaken(Refused):
    code = "order.no_points"
    status = 422
    message = "This shop takes no points yet. Nothing was ordered; leave `use_points` out and send it again."


class SignedLink(APIKeyQuery):
    """The proof in a guest's link to an order: good for this order, without any other identity."""

    param_name = "token"

    def authenticate(self, request: HttpRequest, key: str | None) -> bool | None:
        """Whether the token was made for the order in the address."""
        code = request.resolver_match.kwargs["code"] if request.resolver_match else ""
        return token_opens(code, key or "") or None


class MoneyOut(Schema):
    """`amount` in minor units."""

    amount: int
    currency: str


def _also(name: str, *others: str) -> Any:
    """Take a field under the names that address books of other shops use, too."""
    return Field("", validation_alias=AliasChoices(name, *others))


class AddressIn(Schema):
    """Where the parcel goes; `country` is ISO 3166, two letters."""

    name: str = ""
    street: str = _also("street", "line1", "address1", "address_line1")
    postcode: str = _also("postcode", "postal_code", "zip", "zip_code")
    town: str = _also("town", "city")
    country: str = ""


class OrderIn(Schema):
    """`holds` are all of one seller. `key` is the client's own: the same key finds the same order.

    `total`, in minor units, is what the buyer saw; when it has changed the order is refused instead of charged.
    `codes`: the discount code of the seller, as the buyer typed it; an order has one.
    """

    holds: list[int] = Field(min_length=1, max_length=50)
    email: str
    address: AddressIn
    key: str = Field(min_length=1, max_length=64)
    total: int | None = None
    codes: list[Annotated[str, Field(max_length=64)]] = Field(default_factory=list, max_length=20)
    use_points: bool | int = False


class PayIn(Schema):
    """A card for the practice bank, or, when the bank asks (`requires_action`), the buyer's answer to it."""

    card: str | None = Field(None, max_length=40)
    expiry: str = Field("", max_length=10)
    cvc: str = Field("", max_length=6)
    check: Literal["agree", "refuse"] | None = None


class WithdrawIn(Schema):
    """Who withdraws and where the receipt goes; what the order says, when left out. No reason is asked."""

    name: str = Field("", max_length=120)
    email: str = Field("", max_length=254)


class LineOut(Schema):
    variant: int
    hold: int | None
    name: str
    option_text: str
    image: str
    quantity: int
    unit_price: MoneyOut
    total: MoneyOut
    discount: MoneyOut


class PaymentOut(Schema):
    """`state`: new, processing, requires_action, succeeded, failed or cancelled. `check_url` is where a bank asks."""

    provider: str
    state: str
    attempt: int
    client_secret: str
    failure: str
    card: str
    check_url: str | None


class OrderOut(Schema):
    """`total` in minor units of `currency`, VAT and delivery included. `url` opens the order for anyone who has it.

    `discount` is what `codes` took off the goods; each line has its share of it.
    `withdraw_until`: when the time to withdraw ends; null while the parcel has not arrived. `withdrawn_at`: when the
    buyer did.
    """

    code: str
    state: str
    total: int
    currency: str
    goods: MoneyOut
    shipping: MoneyOut
    discount: MoneyOut
    vat: MoneyOut
    vat_rate_bp: int
    codes: list[str]
    seller: str
    email: str
    address: dict[str, str]
    placed_at: int
    paid_at: int | None
    withdraw_until: int | None
    withdrawn_at: int | None
    lines: list[LineOut]
    payment: PaymentOut | None
    token: str
    url: str


@router.get("cart", auth=ANYONE, summary="What I hold, one bag per seller")
def get_cart(request: HttpRequest) -> dict[str, Any]:
    """Give the holds with their clocks, and the sums that an order would have."""
    now = receipt_time()
    return cart_of(buyer_id=who_asks(request).visitor_id, now=now).wire(now)


@router.post("orders", response={201: OrderOut}, auth=KNOWN_VIEWER, summary="Order what I hold at one seller")
def create_order(request: HttpRequest, body: OrderIn) -> Status[dict[str, Any]]:
    """Make the order; it is paid with `orders/{code}/pay`."""
    if body.use_points:
        raise PointsNotTaken
    now = measured_now()
    order = place_order(
        buyer_id=require_visitor(who_asks(request)),
        hold_ids=body.holds,
        email=body.email,
        address=body.address.dict(),
        key=body.key,
        codes=body.codes,
        total_seen=body.total,
        now=now,
    )
    prefetch_related_objects([order], "lines", "payments")
    attempt = latest_payment(order)
    if order.is_pending:
        fresh = attempt if attempt and attempt.is_fresh(now) else start_payment(order_id=order.pk, now=now)
        if announce(fresh) is not attempt:
            order = _reread(order)
    return Status(201, order_wire(order))


@router.get("orders/{code}", response=OrderOut, auth=ANYONE, summary="One order, for its buyer or with its token")
def get_order(request: HttpRequest, code: str, token: str = "") -> dict[str, Any]:
    """Give the order as it stands; a payment that waits is looked up at the bank."""
    order = order_for_viewer(code=code, viewer=who_asks(request), token=token)
    prefetch_related_objects([order], "brand", "withdrawal", "lines", "payments")
    attempt = latest_payment(order)
    if attempt and attempt.state == Payment.State.PROCESSING:
        refresh_payment(payment=attempt, now=database_now())
        order = _reread(order)
    return order_wire(order)


@router.post(
    "orders/{code}/pay", response={200: OrderOut}, auth=KNOWN_VIEWER, summary="Pay an order, or answer the bank"
)
def pay(request: HttpRequest, code: str, body: PayIn, token: str = "") -> dict[str, Any]:
    """Charge a practice card. A declined one is an error with status 402; the hold stays and the next try may go."""
    now = measured_now()
    order = order_for_viewer(code=code, viewer=who_asks(request), token=token)
    if body.check:
        attempt = answer_check(order_id=order.pk, agreed=body.check == "agree", now=now)
    elif body.card is not None:
        card = Card(number=body.card, expiry=body.expiry, cvc=body.cvc)
        attempt = pay_order(order_id=order.pk, card=card, now=now)
    else:
        raise BadInput(fields={"card": "Give a card, or an answer in `check`."})
    refuse_when_declined(attempt, now)
    settled = attempt.order
    return order_wire(settled, attempt) if settled.is_paid else order_wire(_reread(order))


@router.post(
    "orders/{code}/withdraw",
    response={200: OrderOut},
    auth=[SignedLink(), *KNOWN_VIEWER],
    summary="Withdraw from an order, as consumers may",
)
def withdraw_from(request: HttpRequest, code: str, body: WithdrawIn | None = None, token: str = "") -> dict[str, Any]:
    """Take the buyer's statement; all the money goes back. Doing it again gives the same answer."""
    stated = body or WithdrawIn(name="", email="")
    order = order_for_viewer(code=code, viewer=who_asks(request), token=token)
    withdraw(order_id=order.pk, name=stated.name, email=stated.email, now=database_now())
    return order_wire(_reread(order))


def order_wire(order: Order, attempt: Payment | None = None) -> dict[str, Any]:
    """Return an order as JSON, with its last attempt to pay; `attempt`, when it is known already."""
    path = order_path(order.code)
    until, withdrawal = withdrawable_until(order), getattr(order, "withdrawal", None) if order.paid_at else None
    return {
        "code": order.code,
        "state": order.state,
        "total": order.total_minor,
        "currency": order.currency,
        "goods": order.goods.wire(),
        "shipping": order.shipping.wire(),
        "discount": order.discount.wire(),
        "vat": order.vat.wire(),
        "vat_rate_bp": order.vat_rate_bp,
        "codes": [text for text in [code_text_of(order)] if text],
        "seller": order.brand.legal_name or order.brand.name,
        "email": order.email,
        "address": order.address,
        "placed_at": _ms(order.placed_at),
        "paid_at": _ms(order.paid_at) if order.paid_at else None,
        "withdraw_until": _ms(until) if until else None,
        "withdrawn_at": _ms(withdrawal.stated_at) if withdrawal else None,
        "lines": [
            {
                "variant": line.variant_id,
                "hold": line.hold_id,
                "name": line.name,
                "option_text": line.option_text,
                "image": line.image,
                "quantity": line.quantity,
                "unit_price": {"amount": line.unit_price_minor, "currency": order.currency},
                "total": {"amount": line.total_minor, "currency": order.currency},
                "discount": {"amount": line.discount_minor, "currency": order.currency},
            }
            for line in order.lines.all()
        ],
        "payment": _payment_wire(order, attempt or latest_payment(order)),
        "token": path.partition("token=")[2],
        "url": path,
    }


def _payment_wire(order: Order, attempt: Payment | None) -> dict[str, Any] | None:
    if attempt is None:
        return None
    asks = attempt.state == Payment.State.REQUIRES_ACTION
    return {
        "provider": attempt.provider,
        "state": attempt.state,
        "attempt": attempt.n,
        "client_secret": attempt.client_secret,
        "failure": attempt.failure_text,
        "card": attempt.card_last4,
        "check_url": check_path(order.code) if asks else None,
    }


def _reread(order: Order) -> Order:
    return Order.objects.select_related("brand", "withdrawal").prefetch_related("lines", "payments").get(pk=order.pk)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
