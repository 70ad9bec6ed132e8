"""Chat over HTTP: the twin of `message.post` for clients without a socket, and moderation for the Studio."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema

from chat.messages import Draft, delete_message, post_message, restore_message
from chat.moderation import ban_viewer, mute_viewer, unmute_viewer
from livecommerce.accounts.api_auth import KNOWN_VIEWER
from livecommerce.accounts.viewer import who_asks
from streams.api import team
from streams.bans import admit, lift_ban
from streams.shows import show_for_viewer

router = Router(tags=["chat"], auth=KNOWN_VIEWER)


class MessageIn(Schema):
    text: str = Field(max_length=4000)
    key: str
    seen_at: int | None = Field(None, description="Programme time of the writer's picture, in ms.")


class MessageOut(Schema):
    id: int
    seq: int
    key: str


class MuteIn(Schema):
    viewer: str = Field(description="The author id that a message carries.")
    seconds: int
    reason: str = Field("", max_length=120)


class MuteOut(Schema):
    id: int
    until: int


class BanIn(Schema):
    viewer: str = Field(description="The author id that a message carries.")
    seconds: int = Field(86_400, description="From a minute to a year; a day unless told.")
    reason: str = Field("", max_length=120, description="The viewer is told.")


class BanOut(Schema):
    id: int
    until: int


@router.post("shows/{slug}/messages", response=MessageOut)
def post(request: HttpRequest, slug: str, body: MessageIn) -> MessageOut:
    """Write in a show's chat. Repeated with the same key it answers the same and posts nothing."""
    author, now = who_asks(request), timezone.now()
    show = show_for_viewer(slug, author)
    admit(show, author, now=now)
    draft = Draft.arrived(author=author, text=body.text, key=body.key, seen_ms=body.seen_at, now=now)
    posted = post_message(show_id=show.pk, draft=draft)
    return MessageOut(id=posted.id, seq=posted.seq, key=posted.key)


@router.post("studio/shows/{slug}/messages/{message_id}/delete", response=MessageOut)
def delete(request: HttpRequest, slug: str, message_id: int) -> MessageOut:
    """Take a message off every screen."""
    show, actor = team(request, slug)
    message = delete_message(show=show, message_id=message_id, actor=actor, now=timezone.now())
    return MessageOut(id=message.pk, seq=message.seq, key=message.key)


@router.post("studio/shows/{slug}/messages/{message_id}/restore", response=MessageOut)
def restore(request: HttpRequest, slug: str, message_id: int) -> MessageOut:
    """Undo a deletion within ten seconds; the message is posted anew."""
    show, actor = team(request, slug)
    message = restore_message(show=show, message_id=message_id, actor=actor, now=timezone.now())
    return MessageOut(id=message.pk, seq=message.seq, key=message.key)


@router.post("studio/shows/{slug}/mutes", response=MuteOut)
def mute(request: HttpRequest, slug: str, body: MuteIn) -> MuteOut:
    """Stop a viewer from writing in this show for a while."""
    show, actor = team(request, slug)
    given = mute_viewer(
        show=show, viewer=body.viewer, seconds=body.seconds, reason=body.reason, actor=actor, now=timezone.now()
    )
    return MuteOut(id=given.pk, until=round(given.until.timestamp() * 1000))


@router.delete("studio/shows/{slug}/mutes/{mute_id}", response=MuteOut)
def unmute(request: HttpRequest, slug: str, mute_id: int) -> MuteOut:
    """Let a viewer write again."""
    show, actor = team(request, slug)
    lifted = unmute_viewer(show=show, mute_id=mute_id, actor=actor, now=timezone.now())
    return MuteOut(id=lifted.pk, until=round(lifted.until.timestamp() * 1000))


@router.post("studio/shows/{slug}/bans", response=BanOut)
def ban(request: HttpRequest, slug: str, body: BanIn) -> BanOut:
    """Send a viewer out of this show and keep them out for a while."""
    show, actor = team(request, slug)
    given = ban_viewer(
        show=show, viewer=body.viewer, seconds=body.seconds, reason=body.reason, actor=actor, now=timezone.now()
    )
    return BanOut(id=given.pk, until=round(given.until.timestamp() * 1000))


@router.delete("studio/shows/{slug}/bans/{ban_id}", response=BanOut)
def unban(request: HttpRequest, slug: str, ban_id: int) -> BanOut:
    """Let a viewer come back."""
    show, actor = team(request, slug)
    lifted = lift_ban(show=show, ban_id=ban_id, actor=actor, now=timezone.now())
    return BanOut(id=lifted.pk, until=round(lifted.until.timestamp() * 1000))
