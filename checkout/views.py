"""The bag, the payment page and the order page. Each view parses, calls one verb and translates."""

import uuid
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import Brand
from checkout.addresses import Address
from checkout.carts import SellerBag, cart_of
from checkout.claims import claim_code, remove_claim
from checkout.forms import MOST_DIGITS, CardForm, CheckoutForm
from checkout.gateways.practice import practice_hints
from checkout.guest_checks import work_of
from checkout.holds import extend_hold, place_hold, release_hold
from checkout.links import check_path, order_path
from checkout.models import Order, Payment
from checkout.orders import OrderKeyUsed, TotalMoved, known_delivery, order_for_viewer
from checkout.payments import (
    answer_check,
    latest_payment,
    order_and_pay,
    pay_order,
    refresh_payment,
    refuse_when_declined,
)
from checkout.withdrawals import can_withdraw, withdraw, withdrawable_until
from livecommerce.accounts.viewer import who_asks
from livecommerce.accounts.visitors import ensure_visitor, require_visitor
from livecommerce.clock import database_now, receipt_time
from livecommerce.errors import NotFound, Refused
from streams.models import Show


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cart(request: HttpRequest) -> HttpResponse:
    """The bag, with the payment of one seller beside it. Posting to it puts something in."""
    return hold_this(request) if request.method == "POST" else _cart_page(request)


@require_POST
def hold_this(request: HttpRequest) -> HttpResponse:
    """Hold something from a plain form, then show the bag."""
    viewer = ensure_visitor(request)
    posted = request.POST
    show = Show.objects.public().filter(slug=posted.get("show", "")).first() if posted.get("show") else None
    try:
        place_hold(
            buyer_id=require_visitor(viewer),
            drop_id=_number(posted.get("drop")),
            variant_id=_number(posted.get("variant")),
            quantity=_number(posted.get("quantity")) or 1,
            key=posted.get("key", "")[:64] or uuid.uuid4().hex,
            show_id=show.pk if show else None,
            work=work_of(viewer, ""),
            now=database_now(),
        )
    except Refused as refused:
        return _cart_page(request, problem=refused)
    return redirect("cart")


@require_POST
def extend(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Add the three minutes, once."""
    return _with_hold(request, lambda buyer: extend_hold(hold_id=hold_id, buyer_id=buyer, now=database_now()))


@require_POST
def release(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Let go what is held."""
    return _with_hold(request, lambda buyer: release_hold(hold_id=hold_id, buyer_id=buyer, now=database_now()))


@require_POST
def claim(request: HttpRequest) -> HttpResponse:
    """Put a code into the bag of one seller."""
    typed = request.POST.get("code", "")[:64]
    brands = Brand.objects.filter(slug=request.POST.get("seller", "")).values_list("pk", flat=True)
    try:
        buyer = require_visitor(who_asks(request))
        claim_code(buyer_id=buyer, typed=typed, brands=list(brands), now=database_now())
    except Refused as refused:
        return _cart_page(request, code_typed=typed, code_problem=refused.message)
    return redirect(_bag_of(request))


@require_POST
def remove_code(request: HttpRequest) -> HttpResponse:
    """Take the code out of the bag of one seller."""
    try:
        remove_claim(buyer_id=require_visitor(who_asks(request)), brand_slug=request.POST.get("seller", ""))
    except Refused as refused:
        return _cart_page(request, problem=refused)
    return redirect(_bag_of(request))


@sensitive_post_parameters("card", "expiry", "cvc")
@never_cache
@require_POST
def checkout(request: HttpRequest) -> HttpResponse:
    """Order and pay one seller's bag."""
    form = CheckoutForm(request.POST)
    now = database_now()
    try:
        attempt = order_and_pay(
            buyer_id=require_visitor(who_asks(request)),
            hold_ids=form.hold_ids(),
            email=form.typed_email(),
            address=form.typed_address(),
            card=form.typed_card(),
            key=form.typed_key() or uuid.uuid4().hex,
            codes=[form.typed_code()],
            total_seen=form.total_seen(),
            now=now,
        )
        refuse_when_declined(attempt, now)
    except Refused as refused:
        form.mark(refused)
        return _cart_page(request, form=form, problem=refused)
    return redirect(_after(attempt))


@never_cache
@require_safe
def order(request: HttpRequest, code: str) -> HttpResponse:
    """One order, for its buyer or for whoever has the signed link."""
    return _order_page(request, code, CardForm())


@sensitive_post_parameters("card", "expiry", "cvc")
@never_cache
@require_POST
def pay_again(request: HttpRequest, code: str) -> HttpResponse:
    """Try another card for an order that is not paid yet."""
    found = _order(request, code)
    form = CardForm(request.POST)
    now = database_now()
    try:
        attempt = pay_order(order_id=found.pk, card=form.typed_card(), now=now)
        refuse_when_declined(attempt, now)
    except Refused as refused:
        form.mark(refused)
        return _order_page(request, code, form, problem=refused)
    return redirect(_after(attempt))


@never_cache
@require_POST
def withdraw_here(request: HttpRequest, code: str) -> HttpResponse:
    """Take the confirmed statement of a buyer who withdraws; the order page then shows the receipt."""
    found = _order(request, code)
    name, email = request.POST.get("name", ""), request.POST.get("email", "")
    try:
        withdraw(order_id=found.pk, name=name, email=email, now=database_now())
    except Refused as refused:
        return _order_page(request, code, CardForm(), problem=refused)
    return redirect(order_path(code))


@never_cache
@require_http_methods(["GET", "POST"])
def bank_check(request: HttpRequest, code: str) -> HttpResponse:
    """The practice bank's question (3-D Secure): agree or refuse."""
    found = _order(request, code)
    if request.method == "POST":
        now = database_now()
        try:
            attempt = answer_check(order_id=found.pk, agreed=request.POST.get("check") == "agree", now=now)
            refuse_when_declined(attempt, now)
        except Refused as refused:
            return _order_page(request, code, CardForm(), problem=refused)
        return redirect(_after(attempt))
    attempt_now = latest_payment(found)
    if attempt_now is None or attempt_now.state != Payment.State.REQUIRES_ACTION:
        return redirect(order_path(found.code))
    return render(
        request, "checkout/bank_check.html", {"order": found, "payment": attempt_now, "action": check_path(code)}
    )


def _cart_page(
    request: HttpRequest, *, form: CheckoutForm | None = None, problem: Refused | None = None, **more: str
) -> HttpResponse:
    now = receipt_time()
    viewer = who_asks(request)
    bag_cart = cart_of(buyer_id=viewer.visitor_id, now=now)
    bag = bag_cart.bag_of(request.POST.get("seller", "") or request.GET.get("seller", ""))
    context = {
        "cart": bag_cart,
        "bag": bag,
        "form": form or CheckoutForm(initial=known_delivery(buyer_id=viewer.visitor_id, user=request.user)),
        "holds": ",".join(str(hold.pk) for hold in bag.holds) if bag else "",
        "key": _key(form, bag, problem),
        "problem": problem,
        "practice_cards": practice_hints(),
        "now_ms": int(now.timestamp() * 1000),
        **more,
    }
    return render(request, "checkout/cart.html", context, status=_status(problem))


def _key(form: CheckoutForm | None, bag: SellerBag | None, problem: Refused | None) -> str:
    """Keep the key while the same holds are paid with the same code, so that the next try is the same order."""
    same = (
        form is not None
        and bag is not None
        and sorted(form.hold_ids()) == sorted(hold.pk for hold in bag.holds)
        and form.typed_code() == bag.code_text
    )
    kept = form.typed_key() if form and same and not isinstance(problem, TotalMoved | OrderKeyUsed) else ""
    return kept or uuid.uuid4().hex


def _order_page(request: HttpRequest, code: str, form: CardForm, *, problem: Refused | None = None) -> HttpResponse:
    found = _order(request, code)
    prefetch_related_objects([found], "lines__hold", "payments__refunds")
    attempt = latest_payment(found)
    now = database_now()
    if attempt and attempt.state == Payment.State.PROCESSING:
        refresh_payment(payment=attempt, now=now)
        found = _order(request, code)
        attempt = latest_payment(found)
    context = {
        "order": found,
        "address": Address(**found.address),
        "payment": attempt,
        "refund": next((refund for each in found.payments.all() for refund in each.refunds.all()), None),
        "path": order_path(code),
        "query": order_path(code).partition("?")[2],
        "check_path": check_path(code),
        "withdrawal": getattr(found, "withdrawal", None),
        "can_withdraw": can_withdraw(found, now),
        "withdraw_until": withdrawable_until(found),
        "form": form,
        "problem": problem,
        "ends_at": _payable_until(found, now),
        "now_ms": int(now.timestamp() * 1000),
        "practice_cards": practice_hints(),
    }
    return render(request, "checkout/order.html", context, status=_status(problem))


def _status(problem: Refused | None) -> int:
    """A form that comes back with its slips is a page as any other; only what is not there is a 404."""
    return problem.status if isinstance(problem, NotFound) else 200


def _payable_until(found: Order, now: datetime) -> datetime | None:
    """Return until when a pending order can still be paid, or None when its hold is over."""
    holds = [line.hold for line in found.lines.all() if line.hold]
    if not found.is_pending or not holds or not all(hold.is_open and not hold.is_overdue(now) for hold in holds):
        return None
    return min(hold.expires_at for hold in holds)


def _order(request: HttpRequest, code: str) -> Order:
    """Return the order that the one who asks may see; a stranger gets a plain 404.

    :raises Http404: not theirs, or not there.
    """
    try:
        found = order_for_viewer(code=code, viewer=who_asks(request), token=request.GET.get("token", ""))
    except NotFound as missing:
        raise Http404(missing.message) from missing
    prefetch_related_objects([found], "brand", "show__host", "withdrawal")
    return found


def _with_hold(request: HttpRequest, act: Callable[[UUID], object]) -> HttpResponse:
    try:
        act(require_visitor(who_asks(request)))
    except Refused as refused:
        return _cart_page(request, problem=refused)
    return redirect("cart")


def _bag_of(request: HttpRequest) -> str:
    """The bag, with the seller whose code it was beside it."""
    return f"{reverse('cart')}?{urlencode({'seller': request.POST.get('seller', '')})}"


def _after(attempt: Payment) -> str:
    """Where a buyer goes after the bank was asked."""
    code = attempt.order.code
    return check_path(code) if attempt.state == Payment.State.REQUIRES_ACTION else order_path(code)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < MOST_DIGITS else None
