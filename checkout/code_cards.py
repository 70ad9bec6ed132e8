"""Code cards: what viewers see of a code that the host dropped. Rule guarded here: "left" is the row that orders use.

A card is told with the version of its code, written under the lock of the code's row, so screens drop what is older.
"""

from typing import Any

from catalog.fingerprints import milliseconds
from checkout.models import Code, CodeDrop
from livecommerce.realtime import publish
from streams.models import Show

State = dict[str, tuple[int, dict[str, Any]]]


def code_card(dropped: CodeDrop) -> dict[str, Any]:
    """Return what everyone in the show may know of it; `programme_at` is where on the picture it appears."""
    code = dropped.code
    return {
        "id": code.pk,
        "text": code.text,
        "offer": code.brief_offer,
        "uses": code.uses,
        "left": code.left,
        "over": not code.is_active,
        "ends_at": milliseconds(code.ends_at) if code.ends_at else None,
        "programme_at": milliseconds(dropped.programme_at),
    }


def state_of(show: Show) -> State:
    """Give the codes that were dropped in a show, for a snapshot."""
    dropped = CodeDrop.objects.filter(show=show).select_related("code__brand")
    return {f"code:{one.code_id}": (one.code.version, code_card(one)) for one in dropped}


def tell_code(code: Code) -> None:
    """Have everyone who sees the code told how it stands, after the commit. Its row is locked by the caller."""
    for dropped in CodeDrop.objects.filter(code=code, show__ended_at__isnull=True):
        dropped.code = code
        publish.state(dropped.show_id, f"code:{code.pk}", code.version, code_card(dropped))
