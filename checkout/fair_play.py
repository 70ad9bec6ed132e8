"""Fair play: one household, one limit. The rule guarded here: clearing cookies does not double what a drop allows.

A quota counts a buyer, and anybody can be a new guest. So orders of one drop that are paid with the same card, and if
the operator says so with the same e-mail or to the same address, count together: families and offices share the latter
two. They are compared when a card is about to go to the bank, where a lock on the household's rows decides between two
who pay at once.
"""

import re
from collections import Counter
from collections.abc import Iterable
from unicodedata import normalize

from django.conf import settings
from django.db import connection
from django.db.models import Sum
from django.utils.crypto import salted_hmac

from checkout.models import FairShare, Hold, Order, OrderLine
from livecommerce.errors import Refused
from livecommerce.transactions import atomic_retry
from streams.models import Drop

# Units of an order count while its bank decides and when it is paid; a failed try gives them free by itself.
COUNTING = (Hold.State.PAYING, Hold.State.COMMITTED)


class HouseholdLimit(Refused):
    code = "drop.household_limit"
    message = "Somebody at your address has as many of this drop as one buyer may have. Nothing was charged."


@atomic_retry
def claim_share(*, order_id: int, card: str) -> None:
    """Count an order for its household just before a bank is asked to pay it. `card` is its fingerprint, if any.

    :raises HouseholdLimit: the household has as many as one buyer may have; nothing is written.
    """
    if not (settings.FAIR_PLAY - {"off", "card"} or (card and "card" in settings.FAIR_PLAY)):
        return
    lines = OrderLine.objects.filter(order=order_id, from_drop=True, hold__isnull=False)
    of_drops = list(lines.select_related("order", "hold__drop"))
    if of_drops:
        _spare_the_disk()
    for drop, units in _units_by_drop(of_drops):
        order = of_drops[0].order
        keys = _keys(drop, email=order.email, address=order.address, card=card)
        # Writing them again locks them: of two orders of one household the second waits here and counts the first.
        shares = FairShare.objects.bulk_create(
            [FairShare(drop=drop, key=key) for key in sorted(keys)],
            update_conflicts=True,
            unique_fields=["drop", "key"],
            update_fields=["key"],
        )
        _compare(drop, order, units=units, keys=keys)
        through = FairShare.orders.through
        through.objects.bulk_create(
            [through(fairshare_id=share.pk, order_id=order.pk) for share in shares], ignore_conflicts=True
        )


def _compare(drop: Drop, order: Order, *, units: int, keys: set[str]) -> None:
    counted = OrderLine.objects.filter(hold__drop=drop, hold__state__in=COUNTING, order__fair_shares__key__in=keys)
    others = counted.exclude(order=order).values("order__fair_shares__key").annotate(units=Sum("quantity")).order_by()
    have = max((row["units"] for row in others), default=0)
    if have + units > drop.per_buyer:
        raise HouseholdLimit(
            f"One buyer may have {drop.per_buyer}, and {have} went to your e-mail, address or card already. Nothing "
            "was charged. What you hold stays to its end; let it go, and the next in line is glad of it."
        )


def _spare_the_disk() -> None:
    """Do not wait for the disk at this commit: the payment's own, which comes after it, takes it along."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")


def _keys(drop: Drop, *, email: str, address: dict[str, str], card: str) -> set[str]:
    where = (address["street"], address["postcode"], address["country"])
    marks = {"email": _mailbox(email), "address": "".join(map(_folded, where)), "card": card}
    return {
        salted_hmac("fair play", f"{drop.pk} {kind} {mark}", algorithm="sha256").hexdigest()
        for kind, mark in marks.items()
        if mark and kind in settings.FAIR_PLAY
    }


def _mailbox(email: str) -> str:
    """`Ana+cups@Example.test` is read by ana@example.test."""
    name, _, domain = email.casefold().rpartition("@")
    return f"{name.partition('+')[0]}@{domain}"


def _folded(text: str) -> str:
    """`Lange Reihe 14`, `LANGE REIHE 14.` and `lange-reihe 14` are one door."""
    return re.sub(r"[\W_]+", "", normalize("NFKD", text).casefold())


def _units_by_drop(lines: Iterable[OrderLine]) -> list[tuple[Drop, int]]:
    """Sum up by drop, in the order in which the households' rows are locked."""
    units: Counter[Drop] = Counter()
    for line in lines:
        if line.hold and line.hold.drop:
            units[line.hold.drop] += line.quantity
    return sorted(units.items(), key=lambda pair: pair[0].pk)
