"""Reactions: counted by name, whichever way a client writes them."""

import pytest

from chat.reactions import TooManyReactions, UnknownReaction, send_reaction
from livecommerce.realtime import publish


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    heard: list[dict[str, int]] = []
    monkeypatch.setattr(publish, "reactions", lambda show_id, counts: heard.append(counts))
    return heard


@pytest.mark.parametrize(
    ("emoji", "name"),
    [("heart", "heart"), ("❤️", "heart"), ("❤", "heart"), ("👏🏽", "clap"), ("🔥", "fire"), ("😮", "wow")],
)
def test_a_sign_counts_as_its_name(counted: list[dict[str, int]], emoji: str, name: str) -> None:
    send_reaction(show_id=1, emoji=emoji, count=3)

    assert counted == [{name: 3}]


@pytest.mark.parametrize("emoji", ["", "️", "<b>", "❤❤", "Heart", "💣"])
def test_nothing_else_is_counted(counted: list[dict[str, int]], emoji: str) -> None:
    with pytest.raises(UnknownReaction):
        send_reaction(show_id=1, emoji=emoji, count=1)

    assert counted == []


@pytest.mark.parametrize("count", [0, -1, 21, 10**9])
def test_no_thumb_is_that_fast(counted: list[dict[str, int]], count: int) -> None:
    with pytest.raises(TooManyReactions):
        send_reaction(show_id=1, emoji="heart", count=count)

    assert counted == []
