import time
from collections.abc import Callable
from typing import Any

import orjson

from livecommerce.realtime.news import RoomNews
from livecommerce.realtime.room import Room
from livecommerce.realtime.wire import Frame
from tests.realtime.conftest import wire_event

MakeRoom = Callable[..., Room]


def told(frame: Frame | None) -> dict[str, Any]:
    assert frame
    found: dict[str, Any] = orjson.loads(frame.payload)
    return found


def test_the_events_of_a_tick_leave_as_one_frame(make_room: MakeRoom):
    room = make_room(3)
    room.add(RoomNews(room=1, epoch="e1", events=[wire_event(4)]))
    room.add(RoomNews(room=1, epoch="e1", events=[wire_event(5)]))

    frame = told(room.sheet().everyone)

    assert (frame["from"], frame["to"]) == (4, 5)
    assert [event["seq"] for event in frame["events"]] == [4, 5]


def test_events_that_arrive_out_of_order_leave_in_order_and_without_a_hole(make_room: MakeRoom):
    room = make_room(3)
    room.add(RoomNews(room=1, epoch="e1", events=[wire_event(5)]))
    assert not room.has_news()
    assert room.sheet().everyone is None
    assert room.hole_since is not None

    room.add(RoomNews(room=1, epoch="e1", events=[wire_event(4)]))

    assert told(room.sheet().everyone)["to"] == 5
    assert room.hole_since is None


def test_an_event_that_was_sent_is_not_sent_again(make_room: MakeRoom):
    room = make_room(3)
    room.add_missing([wire_event(2), wire_event(3), wire_event(4)])

    assert told(room.sheet().everyone)["from"] == 4
    room.add_missing([wire_event(4)])
    assert not room.has_news()


def test_of_a_state_key_only_the_newest_version_leaves(make_room: MakeRoom):
    room = make_room(1)
    for version, left in ((5, 3), (7, 1), (6, 2)):
        room.add(RoomNews(room=1, state={"stock:1": (version, orjson.dumps({"left": left}))}))

    assert told(room.sheet().everyone)["state"] == {"stock:1": [7, {"left": 1}]}


def test_a_frame_of_state_alone_still_carries_the_number_reached(make_room: MakeRoom):
    room = make_room(3)
    room.add(RoomNews(room=1, state={"viewers": (1, b'{"count":2}')}))

    sheet = room.sheet()

    assert (told(sheet.everyone)["from"], told(sheet.everyone)["to"]) == (4, 3)
    assert "from" not in told(sheet.slow)


def test_news_of_another_epoch_are_not_mixed_in(make_room: MakeRoom):
    room = make_room(3)

    assert room.add(RoomNews(room=1, epoch="e2", events=[wire_event(4)])) is False
    assert not room.has_news()


def test_resume_gives_all_that_was_missed(make_room: MakeRoom):
    room = make_room(10)

    resumed = told(room.answer_hello("e1", 7, b"null"))["resumed"]

    assert (resumed["from"], resumed["to"]) == (8, 10)
    assert [event["seq"] for event in resumed["events"]] == [8, 9, 10]


def test_a_client_that_has_everything_resumes_with_nothing(make_room: MakeRoom):
    assert told(make_room(10).answer_hello("e1", 10, b"null"))["resumed"]["events"] == []


def test_resume_gives_a_snapshot_when_it_cannot_give_everything(make_room: MakeRoom):
    room = make_room(400)

    assert "snapshot" in told(room.answer_hello("e1", 50, b"null"))  # Over 300 events.
    assert "snapshot" in told(room.answer_hello("other", 399, b"null"))
    assert "snapshot" in told(room.answer_hello("e1", 401, b"null"))  # A number from the future.


def test_resume_of_events_older_than_two_minutes_gives_a_snapshot(make_room: MakeRoom, monkeypatch: Any):
    room = make_room(10)
    later = time.time() + 121
    monkeypatch.setattr("livecommerce.realtime.room.time.time", lambda: later)

    assert "snapshot" in told(room.answer_hello("e1", 8, b"null"))


def test_a_snapshot_holds_the_last_fifty_events_and_the_state(make_room: MakeRoom):
    room = make_room(80, viewers=(1, {"count": 5}))

    snapshot = told(room.greet(b"welcome", b'{"visitor":null}'))["welcome"]

    assert snapshot["seq"] == 80
    assert [event["seq"] for event in snapshot["recent"]] == list(range(31, 81))
    assert snapshot["state"] == {"viewers": [1, {"count": 5}]}
    assert snapshot["you"] == {"visitor": None}


def test_the_public_part_is_encoded_once_a_tick(make_room: MakeRoom):
    room = make_room(3)

    first = room.body()

    assert room.body() is first
    room.add_missing([wire_event(4)])
    room.sheet()
    assert room.body() is not first


def test_the_words_of_a_deleted_message_are_in_no_later_snapshot(make_room: MakeRoom):
    room = make_room(3)
    deletion = {"type": "message.deleted", "id": 9, "message_seq": 2}
    room.add_missing([wire_event(4, **deletion)])
    room.sheet()

    recent = told(room.greet(b"welcome", b"null"))["welcome"]["recent"]

    assert recent[1]["text"] == ""
    assert recent[1]["deleted"] is True


def test_reactions_are_summed_once_a_second_and_are_no_event(make_room: MakeRoom):
    room = make_room(3)
    room.add(RoomNews(room=1, reactions={"heart": 2}))
    room.add(RoomNews(room=1, reactions={"heart": 3, "fire": 1}))
    assert not room.has_news()

    assert room.tick_reactions()

    frame = told(room.sheet().everyone)
    assert frame["events"] == []
    assert frame["state"]["reactions"][1] == {"counts": {"heart": 5, "fire": 1}}
    assert not room.tick_reactions()


def test_a_client_lags_when_it_is_seconds_behind_what_was_sent(make_room: MakeRoom, monkeypatch: Any):
    room = make_room(3)
    room.add_missing([wire_event(4)])
    room.sheet()
    assert not room.lags(3)
    later = time.monotonic() + 6
    monkeypatch.setattr("livecommerce.realtime.room.time.monotonic", lambda: later)

    assert room.lags(3)
    assert not room.lags(4)
