"""The ledger of a drop, for anybody to read after the show. The rule guarded here: units and moments, never people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from catalog.fingerprints import milliseconds, seal
from catalog.models import StockEntry
from checkout.models import Hold, QueuePlace
from livecommerce.accounts.viewer import Viewer
from livecommerce.errors import NotFound
from streams.drops import drop_card, drop_of_show
from streams.models import Drop, DropItem
from streams.shows import role_in, show_for_viewer

Kind = StockEntry.Kind


class LedgerNotYet(NotFound):
    code = "ledger.not_yet"
    message = "The account of this drop is public when the show is over. Come back then."


@dataclass(frozen=True)
class Step:
    """The figures of all variants together after an entry."""

    at: datetime
    entry: StockEntry
    left: int
    held: int
    sold: int


@dataclass(frozen=True)
class Ledger:
    """A drop with all its entries, oldest first, and its queue."""

    drop: Drop
    items: Sequence[DropItem]
    entries: Sequence[StockEntry]
    places: Sequence[QueuePlace]
    open_units: int
    now: datetime

    @cached_property
    def moved(self) -> Counter[str]:
        """Units by kind; what left a row counts as positive too."""
        moved: Counter[str] = Counter()
        for entry in self.entries:
            moved[entry.kind] += abs(entry.quantity)
        return moved

    @property
    def allotted(self) -> int:
        return self.moved[Kind.ALLOTTED]

    @property
    def taken_back(self) -> int:
        """Units that were sold and are for sale again, because the buyer withdrew or the seller refunded."""
        back = (entry for entry in self.entries if entry.kind == Kind.TAKEN_BACK)
        return -sum(entry.quantity for entry in back if entry.chain == StockEntry.Chain.UNITS)

    @property
    def sold(self) -> int:
        """Units that were paid for and not taken back."""
        return self.moved[Kind.COMMITTED] - self.taken_back

    @property
    def returned(self) -> int:
        return self.moved[Kind.RETURNED]

    @property
    def held(self) -> int:
        return self.moved[Kind.HELD]

    @property
    def let_go(self) -> int:
        return self.moved[Kind.RELEASED] + self.moved[Kind.EXPIRED]

    @property
    def still_there(self) -> int:
        """Units that nobody has taken and that did not go back yet."""
        return self.allotted - self.sold - self.returned - self.open_units

    @property
    def pending(self) -> int:
        """Units that are neither sold nor back in the shop."""
        return self.open_units + self.still_there

    @property
    def is_settled(self) -> bool:
        """Over, nothing in a bag, nothing open at a bank, nothing left to move back."""
        return self.drop.closed_at is not None and not self.open_units and not self.still_there

    @property
    def settled_at(self) -> datetime | None:
        return self.entries[-1].at if self.is_settled and self.entries else None

    @property
    def adds_up(self) -> bool:
        """Allotted = sold + back + in bags + left, and held = paid + let go + taken back + in bags."""
        return self.still_there >= 0 and self.held == self.sold + self.let_go + self.taken_back + self.open_units

    @cached_property
    def chains(self) -> list[StockEntry]:
        """All entries chain by chain, each in the order in which its entries vouch for each other."""
        return sorted(self.entries, key=lambda entry: (entry.stock_id, entry.chain, entry.number))

    @cached_property
    def heads(self) -> list[str]:
        """The last fingerprint of each chain, in the order of stock row and chain."""
        last: dict[tuple[int, str], str] = {}
        for entry in self.chains:
            last[entry.stock_id, entry.chain] = entry.fingerprint
        return list(last.values())

    @property
    def seal(self) -> str:
        """One fingerprint for all of it."""
        return seal(self.heads)

    @cached_property
    def steps(self) -> list[Step]:
        """Replay the entries: what was left, in bags and sold after each."""
        units = {item.stock_id: (0, 0) for item in self.items}
        sold: Counter[int] = Counter()
        steps = []
        for entry in self.entries:
            if entry.chain == StockEntry.Chain.SALES:
                sold[entry.stock_id] = entry.taken_after
            else:
                units[entry.stock_id] = (entry.on_hand_after, entry.taken_after)
            taken, all_sold = sum(taken for _, taken in units.values()), sum(sold.values())
            left = sum(on_hand for on_hand, _ in units.values()) - taken
            steps.append(Step(entry.at, entry, left, taken - all_sold, all_sold))
        return steps

    @cached_property
    def served(self) -> Counter[str]:
        """Places by how they ended."""
        return Counter(place.state for place in self.places)


def ledger_for_viewer(*, slug: str, drop_id: int, viewer: Viewer, now: datetime) -> Ledger:
    """Read the account of a drop.

    :raises LedgerNotYet: the show is not over, and the one who asks is not of its team.
    """
    show = show_for_viewer(slug, viewer)
    drop = drop_of_show(show=show, drop_id=drop_id)
    if not show.is_past and role_in(show, viewer) == "viewer":
        raise LedgerNotYet
    return ledger_of(drop, now)


def ledger_of(drop: Drop, now: datetime) -> Ledger:
    items = list(DropItem.objects.filter(drop=drop).select_related("variant").order_by("stock"))
    entries = StockEntry.objects.filter(stock__in=[item.stock_id for item in items])
    bags = Hold.objects.open().filter(stock__drop_item__drop=drop).values_list("quantity", flat=True)
    return Ledger(
        drop=drop,
        items=items,
        entries=list(entries.order_by("at", "pk")),
        places=list(QueuePlace.objects.filter(drop=drop).order_by("number")),
        open_units=sum(bags),
        now=now,
    )


def ledger_wire(ledger: Ledger) -> dict[str, Any]:
    """Give the account as JSON: what `static/js/lib/ledger-proof.js` checks on the reader's device."""
    drop = ledger.drop
    return {
        "drop": drop_card(drop, ledger.now),
        "settled_at": milliseconds(ledger.settled_at) if ledger.settled_at else None,
        "sums": {
            "allotted": ledger.allotted,
            "sold": ledger.sold,
            "returned": ledger.returned,
            "held": ledger.held,
            "let_go": ledger.let_go,
            "taken_back": ledger.taken_back,
            "in_bags": ledger.open_units,
            "left": ledger.still_there,
            "adds_up": ledger.adds_up,
        },
        "queue": {
            "joined": len(ledger.places),
            "offered": sum(place.offered_at is not None for place in ledger.places),
            **{name: ledger.served[name] for name in ("taken", "passed", "left", "closed")},
            "places": [[place.number, place.state] for place in ledger.places],
        },
        "draw": draw_wire(ledger),
        "variants": {str(item.stock_id): item.variant.option_text for item in ledger.items},
        "entries": [entry_wire(entry) for entry in ledger.chains],
        "seal": ledger.seal,
    }


def draw_wire(ledger: Ledger) -> dict[str, Any] | None:
    """Give what recomputes the draw: the promise, the seed once drawn, and the slips in the order that came out."""
    drop = ledger.drop
    if not drop.draw_seconds:
        return None
    drawn = [place for place in ledger.places if place.ticket is not None]
    return {
        "promise": drop.draw_promise,
        "seed": drop.draw_seed if drop.drawn_at else None,
        "drawn_at": milliseconds(drop.drawn_at) if drop.drawn_at else None,
        "tickets": [place.ticket for place in drawn] if drop.drawn_at else [],
        "slips": len(drawn),
    }


def entry_wire(entry: StockEntry) -> dict[str, Any]:
    return {
        "stock": entry.stock_id,
        "chain": entry.chain,
        "number": entry.number,
        "kind": entry.kind,
        "quantity": entry.quantity,
        "on_hand": entry.on_hand_after,
        "taken": entry.taken_after,
        "at": milliseconds(entry.at),
        "holds": entry.holds,
        "previous": entry.previous,
        "fingerprint": entry.fingerprint,
    }


def own_entries(ledger: Ledger, buyer_id: UUID | None) -> dict[int, list[StockEntry]]:
    """Find a buyer's holds in the list: the entries that name them, by hold."""
    if buyer_id is None:
        return {}
    mine = set(Hold.objects.filter(drop=ledger.drop, buyer=buyer_id).values_list("pk", flat=True))
    found: dict[int, list[StockEntry]] = {}
    for entry in ledger.entries:
        for hold_id, _ in entry.holds:
            if hold_id in mine:
                found.setdefault(hold_id, []).append(entry)
    return found
