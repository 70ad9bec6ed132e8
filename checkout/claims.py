"""Claims: the code in a bag. Rule guarded here: a bag takes off what an order would take off now, or says why nothing.

A claim is remembered per buyer and brand, so it is in the bag of every tab and device. It promises nothing: a code is
reserved when its order is placed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.models import Brand
from checkout.codes import (
    CodeNotFound,
    clean_text,
    code_text_of,
    refuse_unless_it_counts,
    refuse_unless_it_runs,
    refuse_when_taken,
)
from checkout.models import Code, CodeClaim, Hold, Order
from checkout.totals import totals_of
from livecommerce.errors import Refused
from livecommerce.transactions import atomic_retry
from streams.models import Show


@dataclass(frozen=True, kw_only=True)
class BagCode:
    """The code that a buyer claimed, and what it does to this bag: `why_not` is empty when it takes something off."""

    code: Code
    why_not: str = ""
    # An unpaid order of these holds has it already.
    is_reserved: bool = False

    @property
    def left_for_others(self) -> int:
        return self.code.left if self.is_reserved else max(0, self.code.left - 1)

    @property
    def applied(self) -> Code | None:
        return None if self.why_not else self.code

    def wire(self) -> dict[str, object]:
        return {
            "text": self.code.text,
            "offer": self.code.offer,
            "left_for_others": self.left_for_others,
            "applied": not self.why_not,
            "message": self.why_not,
        }


@atomic_retry
def claim_code(*, buyer_id: UUID, typed: str, brands: Collection[int] = (), now: datetime) -> Code:
    """Put a code into a buyer's bag at the one of these brands that has it; without brands, at those in the bag.

    What the bag lacks for it may still come: it is claimed, and the bag says what is missing.

    :raises CodeNotFound, CodeOver, CodeNotYet, CodeUsedByYou, CodeUsedUp: the bag stays as it was.
    """
    sellers = brands or Hold.objects.of_buyer(buyer_id).open().values_list("variant__product__brand_id", flat=True)
    code = Code.objects.select_related("brand").filter(brand__in=set(sellers), text=clean_text(typed)).first()
    if code is None:
        raise CodeNotFound
    refuse_unless_it_runs(code=code, so="Your bag stays as it is.", now=now)
    unpaid = Order.objects.pending().of_buyer(buyer_id).filter(code_use__code=code).first()
    refuse_when_taken(code=code, buyer_id=buyer_id, order=unpaid)
    CodeClaim.objects.update_or_create(
        buyer_id=buyer_id, brand_id=code.brand_id, defaults={"code": code, "claimed_at": now}
    )
    return code


def claim_wire(code: Code) -> dict[str, object]:
    """Return what the one who claimed it is answered."""
    return {"code": code.text, "offer": code.offer, "left": code.left}


def sellers_in(show_id: int) -> list[int]:
    """Return the brands whose codes can be claimed in a show: its own."""
    return list(Show.objects.filter(pk=show_id).values_list("brand_id", flat=True))


def remove_claim(*, buyer_id: UUID, brand_slug: str) -> None:
    """Take the code out of the bag at one brand; doing it twice is harmless."""
    CodeClaim.objects.filter(buyer_id=buyer_id, brand__slug=brand_slug).delete()


def claims_of(buyer_id: UUID) -> dict[int, Code]:
    """Return the codes that a buyer has claimed, by brand."""
    claims = CodeClaim.objects.filter(buyer_id=buyer_id).select_related("code__brand", "code__show")
    return {claim.brand_id: claim.code for claim in claims}


def bag_code(*, code: Code, brand: Brand, holds: Sequence[Hold], order: Order | None, now: datetime) -> BagCode:
    """Say what a claimed code does to a bag; `order` is the unpaid one of these holds, which may have it already."""
    if order and code_text_of(order) == code.text and _are_its_own(holds, order):
        # Reserved with the order: it stays so to the end of the holds.
        return BagCode(code=code, is_reserved=True)
    try:
        totals = totals_of(brand=brand, holds=holds, code=code)
        refuse_unless_it_counts(code=code, holds=holds, totals=totals, now=now)
        refuse_when_taken(code=code, buyer_id=holds[0].buyer_id, order=order)
    except Refused as refused:
        return BagCode(code=code, why_not=refused.message)
    return BagCode(code=code)


def _are_its_own(holds: Sequence[Hold], order: Order) -> bool:
    return {hold.pk for hold in holds} == {line.hold_id for line in order.lines.all()}
