"""Chat over the socket: translates commands, decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.utils import timezone

from chat.messages import Draft, posting
from chat.reactions import send_reaction
from livecommerce.accounts.viewer import Viewer
from livecommerce.realtime.protocol import PostMessage, SendReaction


async def post(viewer: Viewer, show_id: int, command: PostMessage) -> dict[str, Any]:
    """Write in the chat; answered after the commit."""
    draft = Draft.arrived(
        author=viewer, text=command.text, key=command.key, seen_ms=command.seen_at, now=timezone.now()
    )
    posted = await posting.ask(show_id, draft)
    return {"id": posted.id, "seq": posted.seq, "key": posted.key}


async def react(viewer: Viewer, show_id: int, command: SendReaction) -> dict[str, Any]:
    """Send hearts; counted with everyone's of this second."""
    send_reaction(show_id=show_id, emoji=command.emoji, count=command.count)
    return {}


COMMANDS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
    PostMessage.type: post,
    SendReaction.type: react,
}
