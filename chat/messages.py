"""Messages: what people write in a show.

The rule guarded here: one client key is one message, and messages are in the order of the feed.

Thousands write at once, so messages are decided by the batch (`realtime/batch.py`): one transaction for all that
arrived together, each writer's own answer after the commit. A refused message never fails its neighbours.
"""

from __future__ import annotations

import math
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from chat.models import MAX_TEXT, Message, Mute, Role
from chat.moderation import mutes_in
from livecommerce.accounts.models import User
from livecommerce.accounts.viewer import Viewer
from livecommerce.accounts.visitors import guest_name
from livecommerce.errors import Refused, SignInNeeded
from livecommerce.realtime import feed, publish
from livecommerce.realtime.batch import Batch
from livecommerce.realtime.protocol import MessageDeleted, MessagePosted
from streams.models import Show
from streams.shows import role_of_user

OPEN_STATES = frozenset({"scheduled", "rehearsal", "live", "interrupted"})
ROLE_KEPT = timedelta(seconds=5)
ROLES_KEPT = 10_000
UNDO_WINDOW = timedelta(seconds=15)  # The Studio offers ten seconds; five more for the way here.
_KEY = re.compile(r"[\x21-\x7e]{1,64}")
# Control characters, lone surrogates (PostgreSQL refuses both) and the marks that turn the direction of a whole line.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u2028-\u202e\u2066-\u2069]+")


class EmptyMessage(Refused):
    code = "message.empty"
    status = 422
    message = "There is nothing to send yet. Write a few words first."


class MessageTooLong(Refused):
    code = "message.too_long"
    status = 422
    message = f"A message has at most {MAX_TEXT} characters. Shorten it and send it again."


class BadKey(Refused):
    code = "message.bad_key"
    status = 422
    message = "The message's key must be 1 to 64 letters, digits or signs without spaces."


class ChatClosed(Refused):
    code = "chat.closed"
    message = "This show is over, so its chat is closed. What was written stays readable."


class Muted(Refused):
    code = "chat.muted"
    status = 403
    message = "You cannot write in this show for a while."

    def __init__(self, *, until: datetime, reason: str, now: datetime) -> None:
        wait = max(1.0, (until - now).total_seconds())
        minutes, seconds = divmod(round(wait), 60)
        why = f": {reason}" if reason else ""
        super().__init__(
            f"You cannot write here for {minutes}:{seconds:02d} more{why}. You can still watch and buy.", retry_in=wait
        )


class SlowMode(Refused):
    code = "chat.slow_mode"
    status = 429
    message = "This chat is in slow mode. Your text is kept, send it again in a moment."


class MessageNotFound(Refused):
    code = "message.not_found"
    status = 404
    message = "This message is not in this show."


class UndoOver(Refused):
    code = "message.undo_over"
    message = "A deleted message can be brought back for ten seconds only."


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What someone wants to say, as it arrived."""

    author: Viewer
    text: str
    key: str
    at: datetime
    seen_at: datetime | None = None

    @classmethod
    def arrived(cls, *, author: Viewer, text: str, key: str, seen_ms: int | None, now: datetime) -> Draft:
        """Read what came over the wire. A programme time that no clock can show is as good as none."""
        try:
            seen_at = datetime.fromtimestamp(seen_ms / 1000, tz=UTC) if seen_ms else None
        except (OverflowError, ValueError, OSError):
            seen_at = None
        return cls(author=author, text=text, key=key, at=now, seen_at=seen_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    """The answer to a writer: the message is durable, under this number of the feed."""

    id: int
    seq: int
    key: str


def post_messages(show_id: int, drafts: list[Draft]) -> list[Posted | Exception]:
    """Decide many messages of one show in one transaction; the n-th answer belongs to the n-th draft."""
    try:
        return _post_together(show_id, drafts)
    except IntegrityError:
        # Another process stored one of these keys since we looked; now it is known. Anything else raises again, and the
        # batch then asks for each draft alone.
        return _post_together(show_id, drafts)


def post_message(*, show_id: int, draft: Draft) -> Posted:
    """Post one message from a request: with those of the sockets of this process, in the order they came.

    :raises Refused: why it cannot be posted, in words for its writer.
    """
    return posting.ask_from_thread(show_id, draft)


@transaction.atomic
def delete_message(*, show: Show, message_id: int, actor: User, now: datetime) -> Message:
    """Take a message off every screen and out of the feed's text. Deleting twice is harmless.

    :raises MessageNotFound: it is not of this show.
    """
    message = _message_of(show, message_id)
    if message.deleted_at is None:
        message.deleted_at, message.deleted_by = now, actor
        message.save(update_fields=["deleted_at", "deleted_by"])
        feed.redact(show.pk, message.seq)
        publish.to_show(show.pk, MessageDeleted(id=message.pk, message_seq=message.seq), now=now, urgent=True)
    return message


@transaction.atomic
def restore_message(*, show: Show, message_id: int, actor: User, now: datetime) -> Message:
    """Bring back a message deleted a moment ago: posted anew under a new number, as its text has left the feed.

    :raises UndoOver: the time to undo has passed.
    :raises MessageNotFound: it is not of this show.
    """
    message = _message_of(show, message_id)
    if message.deleted_at is None:
        return message
    if now - message.deleted_at > UNDO_WINDOW:
        raise UndoOver
    (message.seq,) = publish.to_show(show.pk, _posted_event(message), now=now)
    message.deleted_at, message.deleted_by = None, None
    message.save(update_fields=["seq", "deleted_at", "deleted_by"])
    return message


def recent_messages(*, show: Show, limit: int) -> list[Message]:
    """The last visible messages of a show, oldest first."""
    return list(Message.objects.of_show(show.pk).visible().order_by("-seq")[:limit])[::-1]


@transaction.atomic
def _post_together(show_id: int, drafts: list[Draft]) -> list[Posted | Exception]:
    show = Show.objects.with_people().get(pk=show_id)
    now = max(draft.at for draft in drafts)
    authors = {draft.author.visitor_id for draft in drafts}
    known = _known(show_id, drafts)
    mutes = mutes_in(show_id, [one for one in authors if one is not None], now=now)
    spoke = _last_words(show, authors, now)
    answers: dict[int, Posted | Exception] = {}
    fresh: dict[int, Message] = {}
    twins: dict[int, int] = {}
    first_of: dict[tuple[uuid.UUID | None, str], int] = {}
    for place, draft in enumerate(drafts):
        name = (draft.author.visitor_id, draft.key)
        if name in known:
            answers[place] = known[name]
        elif name in first_of:
            twins[place] = first_of[name]
        else:
            try:
                fresh[place] = _accept(show, draft, mutes=mutes, spoke=spoke)
                first_of[name] = place
            except Refused as refused:
                answers[place] = refused
    _store(show, list(fresh.values()), now)
    answers |= {place: Posted(id=message.pk, seq=message.seq, key=message.key) for place, message in fresh.items()}
    answers |= {place: answers[first] for place, first in twins.items()}
    return [answers[place] for place in range(len(drafts))]


def _known(show_id: int, drafts: list[Draft]) -> dict[tuple[uuid.UUID | None, str], Posted]:
    """Answers that were already given: the same author with the same key gets the same answer."""
    authors = {draft.author.visitor_id for draft in drafts}
    keys = {draft.key for draft in drafts if _KEY.fullmatch(draft.key)}
    rows = Message.objects.of_show(show_id).filter(author_id__in=authors, key__in=keys)
    return {
        (author, key): Posted(id=pk, seq=seq, key=key)
        for pk, seq, author, key in rows.values_list("id", "seq", "author_id", "key")
    }


def _last_words(show: Show, authors: set[uuid.UUID | None], now: datetime) -> dict[uuid.UUID, datetime]:
    """When these authors wrote last, as far as slow mode asks."""
    if not show.slow_seconds:
        return {}
    since = now - timedelta(seconds=show.slow_seconds)
    rows = Message.objects.of_show(show.pk).filter(author_id__in=authors, at__gt=since)
    return dict(rows.order_by().values_list("author_id").annotate(last=Max("at")))


def _accept(show: Show, draft: Draft, *, mutes: dict[uuid.UUID, Mute], spoke: dict[uuid.UUID, datetime]) -> Message:
    """Check one draft and shape it. Records the author's word for slow mode.

    :raises Refused: why it cannot be posted.
    """
    author_id = draft.author.visitor_id
    text = _UNPRINTABLE.sub(" ", draft.text).strip()
    if show.state not in OPEN_STATES:
        raise ChatClosed
    if author_id is None:
        raise SignInNeeded
    if not text:
        raise EmptyMessage
    if len(text) > MAX_TEXT:
        raise MessageTooLong
    if not _KEY.fullmatch(draft.key):
        raise BadKey
    if mute := mutes.get(author_id):
        raise Muted(until=mute.until, reason=mute.reason, now=draft.at)
    role = _role(show, draft.author, draft.at)
    if role == Role.VIEWER and show.slow_seconds:
        last = spoke.get(author_id)
        wait = show.slow_seconds - (draft.at - last).total_seconds() if last else 0
        if wait > 0:
            raise SlowMode(
                f"Slow mode: one message every {show.slow_seconds} s. Your text is kept.",
                retry_in=math.ceil(wait * 10) / 10,
            )
        spoke[author_id] = draft.at
    name = draft.author.name.strip()[:80] or guest_name(author_id)
    return Message(
        show_id=show.pk,
        author_id=author_id,
        author_name=name,
        role=role,
        text=text,
        key=draft.key,
        at=draft.at,
        seen_at=draft.seen_at,
    )


def _store(show: Show, messages: list[Message], now: datetime) -> None:
    """Number the messages in the feed and keep them. The event names the message's id, so ids are taken first."""
    if not messages:
        return
    for message, pk in zip(messages, _take_ids(len(messages)), strict=True):
        message.pk = pk
    seqs = publish.to_show(show.pk, *(_posted_event(message) for message in messages), now=now)
    for message, seq in zip(messages, seqs, strict=True):
        message.seq = seq
    Message.objects.bulk_create(messages)


def _take_ids(count: int) -> list[int]:
    """Ids for rows that are about to be inserted; nobody else gets them."""
    table = Message._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
            )
            return [row[0] for row in cursor.fetchall()]
        # SQLite: this transaction already holds the only write lock (IMMEDIATE), so the next ids are ours.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        last = row[0] if row else 0
        return list(range(last + 1, last + 1 + count))


def _posted_event(message: Message) -> MessagePosted:
    # Enough to mute them by, not enough to be them.
    author = {"id": message.author_public_id, "name": message.author_name, "role": message.role}
    return MessagePosted(id=message.pk, key=message.key, author=author, text=message.text)


def _message_of(show: Show, message_id: int) -> Message:
    message = Message.objects.select_for_update().of_show(show.pk).filter(pk=message_id).first()
    if message is None:
        raise MessageNotFound
    return message


_roles: dict[tuple[int, int], tuple[datetime, str]] = {}


def _role(show: Show, author: Viewer, now: datetime) -> str:
    """How the author is drawn. Guests are viewers without a question; a team's answer is kept for a few seconds."""
    if author.user_id is None:
        return Role.VIEWER
    name = (show.pk, author.user_id)
    kept = _roles.get(name)
    if kept and abs(now - kept[0]) < ROLE_KEPT:
        return kept[1]
    role = role_of_user(show, author.user_id)
    drawn = Role.HOST if role == "host" else Role.MODERATOR if role in {"moderator", "brand"} else Role.VIEWER
    if len(_roles) > ROLES_KEPT:
        _roles.clear()
    _roles[name] = (now, drawn)
    return drawn


# As often as screens change: a message that is stored sooner is not seen sooner.
posting: Batch[Draft, Posted] = Batch("message.post", post_messages, pace=0.06)
