"""Reactions: hearts and the like, counted together once a second. Never stored, and the first to be dropped."""

from __future__ import annotations

import re

from livecommerce.errors import Refused
from livecommerce.realtime import publish

EMOJI = frozenset({"heart", "fire", "clap", "laugh", "wow"})
# A client may send the sign itself; without what only says how to draw it (a text sign's emoji form, a skin's tone).
_SIGNS = {"❤": "heart", "🔥": "fire", "👏": "clap", "😂": "laugh", "😮": "wow"}
_DRAWING = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
MOST_AT_ONCE = 20


class UnknownReaction(Refused):
    code = "reaction.unknown"
    status = 422
    message = "This reaction is not known here. Use one of: " + ", ".join(sorted(EMOJI)) + "."


class TooManyReactions(Refused):
    code = "reaction.count"
    status = 422
    message = f"Between 1 and {MOST_AT_ONCE} reactions fit into one message."


def send_reaction(*, show_id: int, emoji: str, count: int) -> None:
    """Add to this second's count. No sender and no moment is kept.

    :raises UnknownReaction: neither one of `EMOJI` nor its sign.
    :raises TooManyReactions: a count that no thumb can reach.
    """
    name = _SIGNS.get(_DRAWING.sub("", emoji), emoji)
    if name not in EMOJI:
        raise UnknownReaction
    if not 1 <= count <= MOST_AT_ONCE:
        raise TooManyReactions
    publish.reactions(show_id, {name: count})
