"""Chat over HTTP, as the contract names it."""

import json
import time

import pytest
from django.test import Client

from chat.models import Message, Mute
from livecommerce.accounts.visitors import guest_token
from livecommerce.realtime.limits import take_turn
from streams.models import Show

pytestmark = pytest.mark.django_db


def call(client: Client, path: str, body=None, method="post"):
    return getattr(client, method)(f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json")


def bearer(visitor) -> Client:
    return Client(headers={"Authorization": f"Bearer {guest_token(visitor.pk)}"})


def test_a_guest_posts_with_a_token_and_the_key_makes_it_once(live_show, rival_viewer):
    ben = bearer(rival_viewer)

    first = call(ben, f"shows/{live_show.slug}/messages", {"text": "Hello", "key": "a"})
    again = call(ben, f"shows/{live_show.slug}/messages", {"text": "Hello", "key": "a"})

    assert first.status_code == 200
    assert first.json() == again.json()
    assert set(first.json()) == {"id", "seq", "key"}


def test_nobody_without_an_identity_posts(client, live_show):
    answer = call(client, f"shows/{live_show.slug}/messages", {"text": "Hello", "key": "a"})

    assert answer.status_code == 401
    assert answer.json()["error"]["code"]
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": " ", "key": "a"}, 422, "message.empty"),
        ({"text": "x" * 301, "key": "a"}, 422, "message.too_long"),
        ({"text": "x", "key": "no spaces"}, 422, "message.bad_key"),
        ({"text": "x"}, 422, "bad_input"),
        ({"text": 7, "key": []}, 422, "bad_input"),
    ],
)
def test_bad_messages_get_their_error_in_words(live_show, rival_viewer, body, status, code):
    answer = call(bearer(rival_viewer), f"shows/{live_show.slug}/messages", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"]


def test_the_socket_and_its_twin_share_a_viewers_turns(live_show, rival_viewer, monkeypatch):
    now = time.monotonic()
    # No turn comes back meanwhile, however slow the machine is.
    monkeypatch.setattr("livecommerce.realtime.limits.time.monotonic", lambda: now)
    for _ in range(40):
        take_turn(rival_viewer.pk, "elsewhere")

    answer = call(bearer(rival_viewer), f"shows/{live_show.slug}/messages", {"text": "Hello", "key": "a"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many")
    assert answer.headers["Retry-After"]
    assert not Message.objects.exists()


def test_slow_mode_says_when_to_try_again(live_show, rival_viewer):
    Show.objects.update(slow_seconds=30)
    call(bearer(rival_viewer), f"shows/{live_show.slug}/messages", {"text": "Hello", "key": "a"})

    answer = call(bearer(rival_viewer), f"shows/{live_show.slug}/messages", {"text": "Hello", "key": "b"})

    assert answer.status_code == 429
    assert 25 <= int(answer.headers["Retry-After"]) <= 30


def test_a_show_that_is_not_there_is_not_found(rival_viewer):
    assert call(bearer(rival_viewer), "shows/nothing/messages", {"text": "x", "key": "a"}).status_code == 404


def test_the_team_deletes_and_mutes_and_takes_it_back(client_of, host, live_show, rival_viewer):
    posted = call(bearer(rival_viewer), f"shows/{live_show.slug}/messages", {"text": "spam", "key": "a"}).json()
    noor, studio = client_of(host.user), f"studio/shows/{live_show.slug}"

    assert call(noor, f"{studio}/messages/{posted['id']}/delete").status_code == 200
    assert Message.objects.get().deleted_by == host.user
    assert call(noor, f"{studio}/messages/{posted['id']}/restore").status_code == 200
    mute = call(noor, f"{studio}/mutes", {"viewer": rival_viewer.public_id, "seconds": 300}).json()
    refused = call(bearer(rival_viewer), f"shows/{live_show.slug}/messages", {"text": "again", "key": "b"})
    assert refused.json()["error"]["code"] == "chat.muted"
    assert call(noor, f"{studio}/mutes/{mute['id']}", method="delete").status_code == 200
    assert call(bearer(rival_viewer), f"shows/{live_show.slug}/messages", {"text": "ok", "key": "c"}).status_code == 200


def test_outsiders_and_viewers_moderate_nothing(client_of, outsider, viewer, live_show, rival_viewer):
    posted = call(bearer(rival_viewer), f"shows/{live_show.slug}/messages", {"text": "Hi", "key": "a"}).json()

    for person in (outsider, viewer, rival_viewer):
        client = client_of(person)
        deleted = call(client, f"studio/shows/{live_show.slug}/messages/{posted['id']}/delete")
        muted = call(client, f"studio/shows/{live_show.slug}/mutes", {"viewer": rival_viewer.public_id, "seconds": 60})
        assert {deleted.status_code, muted.status_code} <= {401, 404}

    assert Message.objects.visible().count() == 1
    assert not Mute.objects.exists()
