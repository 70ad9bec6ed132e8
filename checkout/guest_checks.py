"""The guest check: a sum that a guest's device does before it may ask. Rule guarded here: each identity costs its own.

A drop may ask for it, as anybody can be a thousand guests; who has an account is spared. The sum is to find digits with
which a text begins whose SHA-256 then begins with so many zero bits. The text names the drop by a salt that is public
from the announcement on, and the visitor, so nothing can be worked out before, for somebody else, or for another drop.
It is long, because a browser pays more for asking its WebCrypto once than for hashing a short one.
"""

from hashlib import sha256
from uuid import UUID

from livecommerce.accounts.models import Visitor
from livecommerce.accounts.viewer import Viewer
from livecommerce.errors import Refused
from streams.models import Drop

LENGTH = 4096
DIGITS = 10


class GuestCheckNeeded(Refused):
    code = "drop.guest_check"
    status = 403
    message = (
        "This drop checks guests, and your device has not done its sum. Load the page again and tap once more, or sign "
        "in: then there is no check."
    )


def work_of(viewer: Viewer, sent: str) -> str | None:
    """Give the digits that a guest sent; None for somebody with an account, who is not asked."""
    return None if viewer.signed_in else sent


def refuse_unchecked(drop: Drop, *, buyer_id: UUID, work: str | None) -> GuestCheckNeeded | None:
    """Say that the digits do not fit, or nothing."""
    if not drop.guest_check_bits or work is None or fits(drop, buyer_id=buyer_id, work=work):
        return None
    return GuestCheckNeeded()


def fits(drop: Drop, *, buyer_id: UUID, work: str) -> bool:
    """Check the digits: one hash."""
    if not (len(work) == DIGITS and work.isascii() and work.isdigit()):
        return False
    text = f"{work}:{drop.guest_check_salt}:{Visitor(id=buyer_id).public_id}".ljust(LENGTH, ".")
    digest = sha256(text.encode()).digest()
    return int.from_bytes(digest[:4]) >> (32 - drop.guest_check_bits) == 0
