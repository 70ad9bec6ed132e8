"""Reactions: hearts and the like, counted together once a second. Never stored, and the first to be dropped."""

from __future__ import annotations

from livecommerce.errors import Refused
from livecommerce.realtime import publish

EMOJI = frozenset({"heart", "fire", "clap", "laugh", "wow"})
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

    :raises UnknownReaction: not one of `EMOJI`.
    :raises TooManyReactions: a count that no thumb can reach.
    """
    if emoji not in EMOJI:
        raise UnknownReaction
    if not 1 <= count <= MOST_AT_ONCE:
        raise TooManyReactions
    publish.reactions(show_id, {emoji: count})
