"""Who polls in place of a socket is present, once, for as long as they ask."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from livecommerce.accounts.visitors import guest_token, mint_visitor
from livecommerce.realtime import attendance
from livecommerce.realtime.models import Attendance
from livecommerce.snapshot import forget_copies

if TYPE_CHECKING:
    from streams.models import Host, Show

pytestmark = pytest.mark.django_db


def poll(show: "Show", client: Client) -> Any:
    answer = client.get(f"/api/v1/shows/{show.slug}/feed?epoch=x&after=0&behind_ms=3000&stalls=0&hidden=false")
    assert answer.status_code == 200
    return answer.json()["snapshot"]["state"]["viewers"][1]["count"]


def guest() -> Client:
    return Client(headers={"Authorization": f"Bearer {guest_token(mint_visitor(now=timezone.now())[0].pk)}"})


def test_a_polling_viewer_counts_once_however_often_they_ask(live_show: "Show"):
    ben, cleo = guest(), guest()

    for _ in range(5):
        poll(live_show, ben)
    poll(live_show, cleo)

    assert attendance.attendance(room=live_show.pk, now=timezone.now())[0] == 2
    forget_copies()
    assert Client().get(f"/api/v1/shows/{live_show.slug}/snapshot").json()["state"]["viewers"][1] == {"count": 2}


def test_who_asks_no_more_is_gone_after_twenty_seconds(live_show: "Show"):
    poll(live_show, guest())
    now = timezone.now()

    assert attendance.attendance(room=live_show.pk, now=now + timedelta(seconds=15))[0] == 1
    assert attendance.attendance(room=live_show.pk, now=now + timedelta(seconds=21))[0] == 0


def test_who_goes_on_asking_stays(live_show: "Show"):
    now = timezone.now()
    for second in range(0, 61, 3):
        attendance.tell_polling(room=live_show.pk, viewer="ben", now=now + timedelta(seconds=second))
        there, _ = attendance.attendance(room=live_show.pk, now=now + timedelta(seconds=second + 2))
        assert there == 1


def test_the_team_is_no_audience(live_show: "Show", host: "Host", client_of: Any):
    poll(live_show, client_of(host.user))

    assert not Attendance.objects.exists()


def test_nobody_can_be_found_in_it(live_show: "Show"):
    visitor, _ = mint_visitor(now=timezone.now())
    poll(live_show, Client(headers={"Authorization": f"Bearer {guest_token(visitor.pk)}"}))

    (row,) = Attendance.objects.all()
    assert visitor.pk.hex not in row.teller
    assert visitor.public_id not in row.teller
