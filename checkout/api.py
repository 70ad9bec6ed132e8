"""Holds, queue and drops over HTTP: the twins of the socket's commands, and what the Studio does with drops."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from catalog.api import PriceIn
from catalog.models import Brand, Variant
from checkout.cards import hold_card
from checkout.claims import claim_code, claim_wire, remove_claim, sellers_in
from checkout.code_cards import code_card
from checkout.codes import CodeNotFound, drop_code
from checkout.guest_checks import work_of
from checkout.holds import extend_hold, holds_of, place_hold, release_hold
from checkout.ledger import ledger_for_viewer, ledger_wire
from checkout.queue import join_queue, leave_queue
from livecommerce.accounts.api_auth import ANYONE, KNOWN_VIEWER
from livecommerce.accounts.viewer import Viewer, who_asks
from livecommerce.accounts.visitors import require_visitor
from livecommerce.clock import database_now
from livecommerce.errors import BadInput
from livecommerce.money import Money
from streams.api import team
from streams.bans import admit_to
from streams.drops import announce_drop, close_drop, drop_card, drop_of_show, fair_countdown
from streams.models import Drop, Show
from streams.shows import ShowNotFound, show_for_viewer

router = Router(tags=["holds and drops"], auth=KNOWN_VIEWER)


class HoldIn(Schema):
    """What to hold: a drop (with its variant, if it has several) or a variant of the shop."""

    drop: int | None = None
    variant: int | None = None
    quantity: int = 1
    key: str = Field(description="The client's own; the same request with the same key gets the same answer.")
    show: str | int | None = Field(None, description="Slug or id of the show that is watched.")
    work: str = Field("", max_length=32, description="Of a guest, for a drop with `guest_check`: see docs/api.md.")


class ShareIn(Schema):
    """A variant's units in a drop."""

    variant: int
    units: int


class DropIn(Schema):
    """The terms of a drop. Times are seconds; `opens_in` 0 is as soon as fair to the slowest viewer."""

    variant: int | None = None
    units: int | None = None
    items: list[ShareIn] = Field(default_factory=list)
    price: PriceIn
    per_buyer: int = 1
    opens_in: float = 0
    window: int = 600
    hold_seconds: int = 300
    draw_seconds: int = Field(0, description="Taps of so many first seconds are drawn by lot.")
    guest_check: bool = Field(False, description="Each guest's device does a small sum before it may ask.")
    alongside: bool = Field(True, description="Also when another drop of the show is running; the Studio says false.")


class CodeIn(Schema):
    """A code as it was typed. It is one of the show's brand, of `seller`, or of a seller whose goods are held."""

    code: str = Field(max_length=64)
    show: str | int | None = Field(None, description="Slug or id of the show that is watched.")
    seller: str = Field("", max_length=80, description="The brand's slug.")


class DroppedCodeIn(Schema):
    """A code of the show's brand, as it was typed."""

    code: str = Field(max_length=64)


class QueueIn(Schema):
    """The variant that is wanted, or none for whichever comes back."""

    variant: int | None = None
    work: str = Field("", max_length=32, description="As with a hold.")


@router.post("holds", summary="Hold units", response={200: dict[str, Any]})
def place(request: HttpRequest, body: HoldIn) -> dict[str, Any]:
    """Reserve units; answered after the commit."""
    viewer = who_asks(request)
    show_id = _show_id(body.show, viewer)
    _admit(viewer, show_id=show_id, drop_id=body.drop)
    answer = place_hold(
        buyer_id=require_visitor(viewer),
        drop_id=body.drop,
        variant_id=body.variant,
        quantity=body.quantity,
        key=body.key,
        show_id=show_id,
        work=work_of(viewer, body.work),
        now=database_now(),
    )
    return answer.wire()


@router.get("holds", summary="What is held for you")
def list_holds(request: HttpRequest) -> list[dict[str, Any]]:
    """Give your open holds, the soonest end first."""
    now = database_now()
    return [hold_card(hold, now) for hold in holds_of(require_visitor(who_asks(request))) if not hold.is_overdue(now)]


@router.delete("holds/{hold_id}", summary="Let a hold go")
def release(request: HttpRequest, hold_id: int) -> dict[str, int]:
    """Give the units back, or to the next in line. Twice is harmless."""
    release_hold(hold_id=hold_id, buyer_id=require_visitor(who_asks(request)), now=database_now())
    return {"hold": hold_id}


@router.post("holds/{hold_id}/extend", summary="Make a hold longer, once")
def extend(request: HttpRequest, hold_id: int) -> dict[str, Any]:
    """Add three minutes."""
    now = database_now()
    hold = extend_hold(hold_id=hold_id, buyer_id=require_visitor(who_asks(request)), now=now)
    return {"hold": hold_card(hold, now)}


@router.post("drops/{drop_id}/queue", summary="Join the queue of a sold-out drop")
def join(request: HttpRequest, drop_id: int, body: QueueIn | None = None) -> dict[str, Any]:
    """Stand in line for a unit that comes back."""
    viewer = who_asks(request)
    _admit(viewer, show_id=None, drop_id=drop_id)
    place = join_queue(
        drop_id=drop_id,
        buyer_id=require_visitor(viewer),
        variant_id=body.variant if body else None,
        work=work_of(viewer, body.work if body else ""),
        now=database_now(),
    )
    return place.wire()


@router.delete("drops/{drop_id}/queue", summary="Leave the queue")
def leave(request: HttpRequest, drop_id: int) -> dict[str, int]:
    """Give up your place; an offer goes to the next."""
    leave_queue(drop_id=drop_id, buyer_id=require_visitor(who_asks(request)), now=database_now())
    return {"drop": drop_id}


@router.post("codes/claim", summary="Put a discount code into my bag", response={200: dict[str, Any]})
def claim(request: HttpRequest, body: CodeIn) -> dict[str, Any]:
    """Remember the code for the bag at its seller; `GET cart` says what it takes off, or why nothing."""
    viewer = who_asks(request)
    show_id = _show_id(body.show, viewer)
    _admit(viewer, show_id=show_id, drop_id=None)
    brands = sellers_in(show_id) if show_id else _seller(body.seller)
    code = claim_code(buyer_id=require_visitor(viewer), typed=body.code, brands=brands, now=database_now())
    return claim_wire(code)


@router.delete("codes/claim", summary="Take the discount code out of my bag")
def remove_code(request: HttpRequest, seller: str) -> dict[str, str]:
    """Forget the code at this seller. Twice is harmless."""
    remove_claim(buyer_id=require_visitor(who_asks(request)), brand_slug=seller)
    return {"seller": seller}


@router.post("studio/shows/{slug}/drops", summary="Start a drop", response={201: dict[str, Any]})
def create_drop(request: HttpRequest, slug: str, body: DropIn) -> Status[dict[str, Any]]:
    """Take the units out of the shop, fix the terms and count down."""
    show, actor = team(request, slug)
    now = database_now()
    drop = announce_drop(
        show=show,
        items=_shares(show, body),
        price=Money(body.price.amount, body.price.currency),
        per_buyer=body.per_buyer,
        opens_in=body.opens_in,
        window=body.window,
        hold_seconds=body.hold_seconds,
        draw_seconds=body.draw_seconds,
        guest_check=body.guest_check,
        alongside=body.alongside,
        actor=actor,
        now=now,
    )
    countdown = fair_countdown(show, now)
    card = drop_card(Drop.objects.with_units().get(pk=drop.pk), now)
    return Status(201, {**card, "say_go_at": countdown.go_at, "advice": countdown.advice})


@router.post("studio/shows/{slug}/codes", summary="Drop a discount code", response={201: dict[str, Any]})
def show_code(request: HttpRequest, slug: str, body: DroppedCodeIn) -> Status[dict[str, Any]]:
    """Put a code on the picture; viewers claim it with one tap. Dropping it again changes nothing."""
    show, actor = team(request, slug)
    return Status(201, code_card(drop_code(show=show, typed=body.code, actor=actor, now=database_now())))


@router.post("studio/shows/{slug}/drops/{drop_id}/close", summary="End a drop")
def end_drop(request: HttpRequest, slug: str, drop_id: int) -> dict[str, Any]:
    """Close it; what nobody took goes back to the shop, what is held stays payable."""
    show, actor = team(request, slug)
    now = database_now()
    return drop_card(close_drop(drop=drop_of_show(show=show, drop_id=drop_id), actor=actor, now=now), now)


@router.get("studio/shows/{slug}/drops/{drop_id}/ledger", auth=ANYONE, summary="The account of a drop")
def read_ledger(request: HttpRequest, slug: str, drop_id: int) -> dict[str, Any]:
    """Give every move of a drop's units with its fingerprint. Public after the show, the team's own before."""
    return ledger_wire(ledger_for_viewer(slug=slug, drop_id=drop_id, viewer=who_asks(request), now=database_now()))


def _shares(show: Show, body: DropIn) -> list[tuple[Variant, int]]:
    wanted = body.items or ([ShareIn(variant=body.variant, units=body.units or 0)] if body.variant else [])
    variants = Variant.objects.select_related("product__brand").filter(brand=show.brand_id)
    found = variants.in_bulk([share.variant for share in wanted])
    missing = [share.variant for share in wanted if share.variant not in found]
    if missing:
        raise BadInput(fields={"variant": "The show's brand has no such variant."})
    return [(found[share.variant], share.units) for share in wanted]


def _show_id(show: str | int | None, viewer: Viewer) -> int | None:
    """Read slug or id; a show that the viewer cannot see is as good as none."""
    if show is None:
        return None
    if isinstance(show, str) and not show.isdecimal():
        return show_for_viewer(show, viewer).pk
    found = Show.objects.public().filter(pk=int(show)).first()
    if found is None:
        raise ShowNotFound
    return found.pk


def _seller(slug: str) -> list[int]:
    """Read a brand's slug, if there is one.

    :raises CodeNotFound: a brand that is not there has no codes.
    """
    brands = list(Brand.objects.filter(slug=slug).values_list("pk", flat=True))
    if slug and not brands:
        raise CodeNotFound
    return brands


def _admit(viewer: Viewer, *, show_id: int | None, drop_id: int | None) -> None:
    """Let a viewer take part in the show that they watch, and in the one that has the drop.

    :raises Banned: its team has sent them out.
    """
    shows = {show_id, Drop.objects.filter(pk=drop_id).values_list("show_id", flat=True).first() if drop_id else None}
    for show in shows:
        admit_to(show, viewer.visitor_id, now=database_now())
