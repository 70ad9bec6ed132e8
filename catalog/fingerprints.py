"""Fingerprints: each entry of the ledger vouches for the one before it.

A fingerprint is SHA-256, in hex, of the previous fingerprint, a line break and the entry's line. The line holds only
what is public, so anybody can compute it again; `static/js/lib/ledger-proof.js` does.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from catalog.models import StockEntry

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def milliseconds(moment: datetime) -> int:
    """Give the moment as the ledger and the wire write it."""
    return (moment - EPOCH) // MILLISECOND


def line(entry: StockEntry) -> str:
    """Write an entry as text: stock|chain|number|kind|quantity|on hand|taken|milliseconds|hold:units,hold:units."""
    holds = ",".join(f"{hold}:{units}" for hold, units in entry.holds)
    return (
        f"{entry.stock_id}|{entry.chain}|{entry.number}|{entry.kind}|{entry.quantity}"
        f"|{entry.on_hand_after}|{entry.taken_after}|{milliseconds(entry.at)}|{holds}"
    )


def fingerprint(entry: StockEntry) -> str:
    """Compute what the entry's fingerprint has to be."""
    return sha256(f"{entry.previous}\n{line(entry)}".encode()).hexdigest()


def seal(heads: Sequence[str]) -> str:
    """Join the last fingerprints of several chains, in the order of the page, into the one that stands for all."""
    return sha256("\n".join(heads).encode()).hexdigest()


def broken_links(entries: Iterable[StockEntry]) -> Iterator[str]:
    """Say where a chain (its entries in order) does not hold: a gap, a changed entry or a wrong predecessor."""
    previous, number = "", 0
    for entry in entries:
        if entry.number != number + 1:
            yield f"entry {entry.pk} has number {entry.number} after {number}"
        if entry.previous != previous:
            yield f"entry {entry.pk} does not carry the fingerprint of the one before"
        if entry.fingerprint != fingerprint(entry):
            yield f"entry {entry.pk} was changed"
        previous, number = entry.fingerprint, entry.number
