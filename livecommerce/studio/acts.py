"""Acts: what a press in the Studio does. Each reads its form, makes one domain call and says what happened."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict

from chat.messages import Draft, delete_message, post_message, restore_message
from chat.moderation import ban_viewer, mute_viewer, unmute_viewer
from checkout.codes import drop_code
from livecommerce import safe_mode
from livecommerce.accounts.models import User
from livecommerce.accounts.viewer import Viewer
from livecommerce.errors import BadInput, Refused
from livecommerce.studio.drops import plan_of
from streams.bans import lift_ban
from streams.drops import announce_drop, close_drop, drop_of_show
from streams.lineup import ItemNotInLineup, next_item, pin_item, unpin_item
from streams.models import Show
from streams.shows import go_live
from streams.video.ingest import rotate_stream_key

MUTE_SECONDS = 300
MUTE_REASON = "by the chat team"
BAN_SECONDS = 24 * 60 * 60


class NoPlan(Refused):
    code = "drop.no_plan"
    message = "This item has no drop price and units. The brand can plan them in the admin."


@dataclass(frozen=True, kw_only=True)
class Press:
    """One press: in which show, by whom, with what in the form, when."""

    show: Show
    user: User
    viewer: Viewer
    form: QueryDict
    now: datetime

    def number(self, name: str) -> int:
        """Read a whole number from the form.

        :raises BadInput: it is missing or no number.
        """
        try:
            return int(self.form.get(name, ""))
        except ValueError as error:
            raise BadInput(fields={name: "This must be a whole number."}) from error


@dataclass(frozen=True, kw_only=True)
class Done:
    """What happened, in words; `undo` is the act and the form that take it back, while there is time."""

    words: str
    undo: dict[str, str | int] | None = None


def live(press: Press) -> Done:
    go_live(show=press.show, actor=press.user, now=press.now)
    return Done(words="You are live.")


def end(press: Press) -> Done:
    safe_mode.end_show(show=press.show, actor=press.user, now=press.now)
    return Done(words="The show is over. What is held stays payable for ten more minutes.")


def next_one(press: Press) -> Done:
    item = next_item(show=press.show, actor=press.user, now=press.now)
    return Done(words=f"{item.product.name} is on the picture." if item else "That was the last item.")


def pin(press: Press) -> Done:
    pinned = pin_item(show=press.show, item_id=press.number("item"), actor=press.user, now=press.now)
    return Done(words=f"{pinned.item.product.name} is pinned.")


def unpin(press: Press) -> Done:
    unpin_item(show=press.show, item_id=press.number("item"), now=press.now)
    return Done(words="Unpinned.")


def start_drop(press: Press) -> Done:
    item = press.show.lineup.select_related("product").filter(pk=press.number("item")).first()
    if item is None:
        raise ItemNotInLineup
    plan = plan_of(item, planned_at=0, run=1, now=press.now)
    if plan is None or not plan.shares:
        raise NoPlan
    drop = announce_drop(
        show=press.show,
        items=plan.shares,
        price=plan.price,
        per_buyer=plan.per_buyer,
        opens_in=press.number("opens_in"),
        window=plan.window_seconds,
        draw_seconds=plan.draw_seconds,
        guest_check=plan.item.drop_guest_check,
        actor=press.user,
        now=press.now,
    )
    wait = round((drop.opens_at - press.now).total_seconds())
    return Done(words=f"{plan.name}: the drop opens in {wait} seconds.")


def end_drop(press: Press) -> Done:
    drop = drop_of_show(show=press.show, drop_id=press.number("drop"))
    called_off = press.now < drop.opens_at
    close_drop(drop=drop, now=press.now, actor=press.user, reason="called_off" if called_off else "host")
    return Done(
        words="Called off. Nothing was sold." if called_off else "The drop is over. What is held can still be paid."
    )


def show_code(press: Press) -> Done:
    code = drop_code(show=press.show, typed=press.form.get("code", ""), actor=press.user, now=press.now).code
    return Done(words=f"{code} is dropped: {code.offer}, {code.left} left.")


def pause_sales(press: Press) -> Done:
    safe_mode.pause_sales(show=press.show, actor=press.user, now=press.now)
    return Done(words="Sales stand, and every clock with them.")


def resume_sales(press: Press) -> Done:
    safe_mode.resume_sales(show=press.show, actor=press.user, now=press.now)
    return Done(words="Sales go on where they stood.")


def new_key(press: Press) -> Done:
    rotate_stream_key(show=press.show, actor=press.user, now=press.now)
    return Done(words="Here is a new key. The old one has stopped working.")


def say(press: Press) -> Done:
    key = press.form.get("key") or f"studio-{secrets.token_hex(8)}"
    text = press.form.get("text", "")
    draft = Draft.arrived(author=press.viewer, text=text, key=key, seen_ms=None, now=press.now)
    post_message(show_id=press.show.pk, draft=draft)
    return Done(words="Sent.")


def delete(press: Press) -> Done:
    message = delete_message(show=press.show, message_id=press.number("message"), actor=press.user, now=press.now)
    words = f"You removed a message by {message.author_name}."
    return Done(words=words, undo={"act": "restore", "message": message.pk})


def restore(press: Press) -> Done:
    restore_message(show=press.show, message_id=press.number("message"), actor=press.user, now=press.now)
    return Done(words="The message is back.")


def mute(press: Press) -> Done:
    given = mute_viewer(
        show=press.show,
        viewer=press.form.get("viewer", ""),
        seconds=MUTE_SECONDS,
        reason=MUTE_REASON,
        actor=press.user,
        now=press.now,
    )
    return Done(words=f"{given.name} is muted for 5 minutes.", undo={"act": "unmute", "mute": given.pk})


def unmute(press: Press) -> Done:
    lifted = unmute_viewer(show=press.show, mute_id=press.number("mute"), actor=press.user, now=press.now)
    return Done(words=f"{lifted.name} can write again.")


def ban(press: Press) -> Done:
    given = ban_viewer(
        show=press.show,
        viewer=press.form.get("viewer", ""),
        seconds=BAN_SECONDS,
        reason=press.form.get("reason", ""),
        actor=press.user,
        now=press.now,
    )
    return Done(words=f"{given.name} is out for a day.", undo={"act": "unban", "ban": given.pk})


def unban(press: Press) -> Done:
    lifted = lift_ban(show=press.show, ban_id=press.number("ban"), actor=press.user, now=press.now)
    return Done(words=f"{lifted.name} may come back.")


ACTS: dict[str, Callable[[Press], Done]] = {
    "go-live": live,
    "end": end,
    "next": next_one,
    "pin": pin,
    "unpin": unpin,
    "start-drop": start_drop,
    "close-drop": end_drop,
    "drop-code": show_code,
    "pause-sales": pause_sales,
    "resume-sales": resume_sales,
    "new-key": new_key,
    "say": say,
    "delete": delete,
    "restore": restore,
    "mute": mute,
    "unmute": unmute,
    "ban": ban,
    "unban": unban,
}
