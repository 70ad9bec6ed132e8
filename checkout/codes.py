"""Codes: money off that a brand promises. Rules guarded here: never more uses than promised, and one for each buyer.

RESERVED with the order, SPENT when it is paid, FREED in the transaction that ends the order unpaid. A code that is
reserved stays so while its order waits, whatever becomes of the code meanwhile. Each move is made under the lock of its
order; whoever counts locks the codes too, by id. Lock order: order → hold → stock → buyer limit → code → ledger.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from checkout.code_cards import code_card, tell_code
from checkout.models import Code, CodeClaim, CodeDrop, CodeUse, Hold, Order
from checkout.models.code import CodeUseQuerySet
from checkout.totals import Totals
from livecommerce.accounts.models import User
from livecommerce.errors import Refused
from livecommerce.money import Money
from livecommerce.realtime import publish
from livecommerce.realtime.protocol import CodeDropped
from livecommerce.transactions import atomic_retry
from streams.lineup import ShowIsOver
from streams.models import Show

_TEXT = re.compile(r"[A-Z0-9-]{3,24}")
TERMS = ("show", "amount_minor", "percent_bp", "least_goods_minor", "uses", "starts_at", "ends_at", "is_active")


class CodeNotFound(Refused):
    code = "code.not_found"
    status = 404
    message = "This seller has no such code. Look at how it is written, or go on without it."


class SeveralCodes(Refused):
    code = "code.several"
    status = 422
    message = "One code counts for one order. Nothing was ordered; choose the better one and leave the others out."


class CodeOver(Refused):
    code = "code.over"


class CodeNotYet(Refused):
    code = "code.not_yet"


class CodeUsedUp(Refused):
    code = "code.used_up"


class CodeUsedByYou(Refused):
    code = "code.used_by_you"


class CodeNeedsMore(Refused):
    code = "code.needs_more"


class CodeOfAnotherShow(Refused):
    code = "code.another_show"


class CodeLeavesNothing(Refused):
    code = "code.leaves_nothing"


class UsesBelowTaken(Refused):
    code = "code.below_taken"


def clean_text(typed: str) -> str:
    """Return a code as it is stored.

    :raises CodeNotFound: no code looks like that.
    """
    text = typed.strip().upper()
    if not _TEXT.fullmatch(text):
        raise CodeNotFound
    return text


def the_one_of(typed: Iterable[str]) -> str:
    """Return the one code among those that were sent, or nothing.

    :raises SeveralCodes: there are two; an order has one.
    """
    texts = {clean_text(one) for one in typed if one.strip()}
    if len(texts) > 1:
        raise SeveralCodes
    return next(iter(texts), "")


def find_code(*, text: str, brand_id: int) -> Code:
    """Return a brand's code.

    :raises CodeNotFound: there is none, or it is another brand's.
    """
    code = Code.objects.select_related("brand", "show").filter(brand=brand_id, text=text).first()
    if code is None:
        raise CodeNotFound
    return code


def refuse_unless_it_runs(*, code: Code, so: str, now: datetime) -> None:
    """Say that a code is over or has not begun, and `so` what became of the act.

    :raises CodeOver, CodeNotYet: it does not run now.
    """
    if code.is_over(now):
        raise CodeOver(f"{code} is over. {so}")
    if now < code.starts_at:
        raise CodeNotYet(f"{code} counts from {code.starts_at:%-d %B, %H:%M} UTC on. {so}")


def refuse_unless_it_counts(*, code: Code, holds: Collection[Hold], totals: Totals, now: datetime) -> None:
    """Say why a code takes nothing off this bag; who has taken it, `refuse_when_taken` looks at.

    :raises CodeOver, CodeNotYet, CodeOfAnotherShow, CodeNeedsMore, CodeLeavesNothing: with what to do next.
    """
    refuse_unless_it_runs(code=code, so="Nothing was charged; you can order without it.", now=now)
    if code.show and all(hold.show_id != code.show_id for hold in holds):
        raise CodeOfAnotherShow(f"{code} counts for what you hold in the show “{code.show.title}”.")
    missing = code.least_goods_minor - totals.goods.minor
    if missing > 0:
        raise CodeNeedsMore(
            f"{Money(missing, totals.goods.currency)} more, and {code} counts: it is for goods of {code.least_goods} "
            "and above."
        )
    if not totals.total.minor:
        raise CodeLeavesNothing(f"{code} would leave nothing to pay, and no bank takes that. Put one more thing in.")


def refuse_when_taken(*, code: Code, buyer_id: UUID, order: Order | None = None) -> None:
    """Say whether a buyer has used a code, or others have taken all of it; `order` is the one that has it, or may.

    :raises CodeUsedByYou, CodeUsedUp: with the order that has it.
    """
    theirs = CodeUse.objects.counted().filter(Q(buyer=buyer_id) | Q(order__buyer=buyer_id), code=code)
    uses = list(theirs.select_related("order"))
    known = next((use for use in uses if order is None or use.order_id != order.pk), None)
    if known and known.state == CodeUse.State.SPENT:
        raise CodeUsedByYou(f"You have used {code} with the order {known.order.code}; it counts once for each buyer.")
    if known:
        raise CodeUsedByYou(
            f"{code} is kept for your order {known.order.code}. Pay that one, or wait: it is free again when that ends."
        )
    if code.left + len(uses) <= 0:
        raise CodeUsedUp(f"{code} is used up: all {code.uses} went to others. Nothing was charged.")


@atomic_retry
def reserve_code(*, code: Code, order: Order, instead_of: Sequence[Order] = (), now: datetime) -> CodeUse:
    """Take one use for an order that is just being made; those of the orders that it replaces are free again.

    The orders' rows are locked or new. :raises CodeUsedUp, CodeUsedByYou: nothing is written.
    """
    codes = _locked({code.pk, *_reserved(instead_of).values_list("code_id", flat=True)})
    _free(codes, _reserved(instead_of), now)
    # The row is locked: who waited for it sees what the other one took.
    refuse_when_taken(code=codes[code.pk], buyer_id=order.buyer_id, order=order)
    _count(codes[code.pk], 1)
    return CodeUse.objects.create(
        code=code, order=order, buyer_id=order.buyer_id, amount_minor=order.discount_minor, reserved_at=now
    )


@atomic_retry
def free_codes(*, orders: Sequence[Order], now: datetime) -> None:
    """Give back the codes of orders that end unpaid; the orders' rows are locked. Those without a code cost nothing."""
    if any(order.discount_minor for order in orders):
        uses = _reserved(orders)
        _free(_locked(set(uses.values_list("code_id", flat=True))), uses, now)


@atomic_retry
def spend_codes(*, orders: Sequence[Order], now: datetime) -> None:
    """Write down that orders are paid with their codes; one that was freed meanwhile is taken again.

    The orders' rows are locked. :raises CodeUsedUp, CodeUsedByYou: it went to others, so the money has to go back.
    """
    with_code = [order.pk for order in orders if order.discount_minor]
    if not with_code:
        return
    uses = CodeUse.objects.filter(order__in=with_code)
    freed = list(uses.filter(state=CodeUse.State.FREED).select_related("order"))
    codes = _locked({use.code_id for use in freed})
    for use in freed:
        refuse_when_taken(code=codes[use.code_id], buyer_id=use.order.buyer_id, order=use.order)
        _count(codes[use.code_id], 1)
    # What is spent is not in the next bag.
    spent = uses.filter(code=OuterRef("code"), buyer=OuterRef("buyer"))
    CodeClaim.objects.filter(Exists(spent)).delete()
    uses.exclude(state=CodeUse.State.SPENT).update(state=CodeUse.State.SPENT, spent_at=now, freed_at=None)


@atomic_retry
def write_code(*, code: Code) -> Code:
    """Write a brand's new code, or new terms of one; orders that have it keep what they were promised.

    :raises UsesBelowTaken: more orders have it than it should have uses; nothing is written.
    """
    if code.pk is None:
        code.save()
        return code
    locked = refuse_below_taken(code, code.uses)
    code.taken, code.version = locked.taken, locked.version + 1
    code.save(update_fields=[*TERMS, "version"])
    tell_code(code)
    return code


def refuse_below_taken(code: Code, uses: int) -> Code:
    """Refuse fewer uses than orders have; return the row, locked until the caller's transaction ends.

    :raises UsesBelowTaken: with the number.
    """
    locked = _locked({code.pk})[code.pk]
    taken = locked.taken
    if uses < taken:
        raise UsesBelowTaken(f"{taken} orders have {code} already: give it at least {taken} uses, or switch it off.")
    return locked


@atomic_retry
def drop_code(*, show: Show, typed: str, actor: User | None, now: datetime) -> CodeDrop:
    """Put a code of the show's brand on the picture; viewers see it when their picture gets there. Once is enough.

    :raises CodeNotFound, CodeOfAnotherShow, CodeOver, CodeNotYet, ShowIsOver: nothing is shown.
    """
    if not (show.is_on_air or show.is_upcoming):
        raise ShowIsOver("The show is over; nothing can be dropped any more.")
    code = _locked({find_code(text=clean_text(typed), brand_id=show.brand_id).pk}).popitem()[1]
    if code.show_id not in {None, show.pk}:
        raise CodeOfAnotherShow(f"{code} belongs to another show. Drop it there, or make one for this show.")
    refuse_unless_it_runs(code=code, so="Viewers could not use it, so nothing was shown.", now=now)
    programme_at = show.programme_time(now)
    dropped, is_new = CodeDrop.objects.get_or_create(
        show=show, code=code, defaults={"dropped_at": now, "programme_at": programme_at, "dropped_by": actor}
    )
    if is_new:
        publish.state(show.pk, f"code:{code.pk}", code.version, code_card(dropped))
        publish.to_show(show.pk, CodeDropped(code=code_card(dropped)), now=now, programme_at=programme_at)
    return dropped


@atomic_retry
def move_codes(*, from_visitor: UUID, to_visitor: UUID) -> None:
    """Give a guest's uses and claims to the account they signed in to; what both have used stays with each.

    What either has used counts for both from now on: `refuse_when_taken` looks at the buyer of the order, too.
    """
    uses = CodeUse.objects.filter(buyer=from_visitor)
    codes = _locked(set(uses.values_list("code_id", flat=True)))
    twice = CodeUse.objects.counted().filter(buyer=to_visitor, code__in=codes).values_list("code_id", flat=True)
    uses.exclude(code__in=list(twice), state__in=CodeUse.COUNTED).update(buyer=to_visitor)
    claims = CodeClaim.objects.filter(buyer=from_visitor)
    CodeClaim.objects.filter(buyer=to_visitor, brand__in=list(claims.values_list("brand_id", flat=True))).delete()
    claims.update(buyer=to_visitor)


def code_text_of(order: Order) -> str:
    """Return the code of an order, or nothing; orders without one cost no query."""
    return order.code_use.code.text if order.discount_minor else ""


def _reserved(orders: Sequence[Order]) -> CodeUseQuerySet:
    return CodeUse.objects.reserved().filter(order__in=[order.pk for order in orders])


def _locked(ids: Collection[int]) -> dict[int, Code]:
    return {code.pk: code for code in Code.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)}


def _free(codes: dict[int, Code], uses: CodeUseQuerySet, now: datetime) -> None:
    for code_id, count in sorted(Counter(uses.values_list("code_id", flat=True)).items()):
        _count(codes[code_id], -count)
    uses.update(state=CodeUse.State.FREED, freed_at=now)


def _count(code: Code, uses: int) -> None:
    code.taken += uses
    code.version += 1
    code.save(update_fields=["taken", "version"])
    tell_code(code)
