"""Checkout over the socket: translates commands, decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from checkout.cards import hold_card
from checkout.claims import claim_code, claim_wire, sellers_in
from checkout.guest_checks import work_of
from checkout.holds import HoldRequest, extend_hold, placing, release_hold, subject_of
from checkout.queue import JoinRequest, joining, leave_queue
from livecommerce.accounts.viewer import Viewer
from livecommerce.accounts.visitors import require_visitor
from livecommerce.clock import database_now, receipt_time
from livecommerce.realtime.batch import in_thread
from livecommerce.realtime.protocol import ClaimCode, ExtendHold, JoinQueue, LeaveQueue, PlaceHold, ReleaseHold


async def place(viewer: Viewer, show_id: int, command: PlaceHold) -> dict[str, Any]:
    """Hold units; answered after the commit, decided together with everyone who taps now."""
    request = HoldRequest(
        buyer_id=require_visitor(viewer),
        variant_id=command.variant,
        quantity=command.quantity,
        key=command.key,
        at=receipt_time(),
        show_id=show_id,
        work=work_of(viewer, command.work),
    )
    answer = await placing.ask(subject_of(drop_id=command.drop, variant_id=command.variant), request)
    return answer.wire()


async def extend(viewer: Viewer, show_id: int, command: ExtendHold) -> dict[str, Any]:
    """Make a hold longer, once."""
    buyer_id = require_visitor(viewer)

    def verb() -> dict[str, Any]:
        now = database_now()
        return {"hold": hold_card(extend_hold(hold_id=command.hold, buyer_id=buyer_id, now=now), now)}

    return await in_thread(verb)


async def release(viewer: Viewer, show_id: int, command: ReleaseHold) -> dict[str, Any]:
    """Give units back."""
    buyer_id = require_visitor(viewer)
    await in_thread(lambda: release_hold(hold_id=command.hold, buyer_id=buyer_id, now=database_now()))
    return {"hold": command.hold}


async def join(viewer: Viewer, show_id: int, command: JoinQueue) -> dict[str, Any]:
    """Stand in line for a sold-out drop."""
    request = JoinRequest(
        buyer_id=require_visitor(viewer),
        variant_id=command.variant,
        at=receipt_time(),
        show_id=show_id,
        work=work_of(viewer, command.work),
    )
    return (await joining.ask(command.drop, request)).wire()


async def leave(viewer: Viewer, show_id: int, command: LeaveQueue) -> dict[str, Any]:
    """Give up a place in line."""
    buyer_id = require_visitor(viewer)
    await in_thread(lambda: leave_queue(drop_id=command.drop, buyer_id=buyer_id, now=database_now()))
    return {"drop": command.drop}


async def claim(viewer: Viewer, show_id: int, command: ClaimCode) -> dict[str, Any]:
    """Put a code of the show's brand into the bag."""
    buyer_id = require_visitor(viewer)

    def verb() -> dict[str, Any]:
        brands = sellers_in(show_id)
        return claim_wire(claim_code(buyer_id=buyer_id, typed=command.code, brands=brands, now=database_now()))

    return await in_thread(verb)


COMMANDS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
    PlaceHold.type: place,
    ExtendHold.type: extend,
    ReleaseHold.type: release,
    JoinQueue.type: join,
    LeaveQueue.type: leave,
    ClaimCode.type: claim,
}
