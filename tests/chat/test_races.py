"""The same message sent twice at the same moment, as a client does that lost its connection in between."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from chat.messages import Draft, Posted, post_message
from chat.models import Message
from livecommerce.accounts.viewer import Viewer
from livecommerce.realtime.models import FeedEvent

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

SENDERS = 6


def test_one_key_sent_by_many_at_once_is_one_message_and_one_answer(live_show, rival_viewer, now):
    author = Viewer(visitor_id=rival_viewer.pk, name="Ben")
    together = Barrier(SENDERS)

    def send(_: int) -> Posted:
        draft = Draft.arrived(author=author, text="Hello", key="same", seen_ms=None, now=now)
        together.wait()
        try:
            return post_message(show_id=live_show.pk, draft=draft)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(SENDERS) as senders:
        answers = list(senders.map(send, range(SENDERS)))

    assert len(set(answers)) == 1
    assert Message.objects.count() == 1
    events = list(FeedEvent.objects.filter(room=live_show.pk).order_by("seq").values_list("seq", "kind"))
    assert [seq for seq, _ in events] == list(range(1, len(events) + 1))
    assert [kind for _, kind in events].count("message.posted") == 1
