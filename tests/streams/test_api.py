"""Shows over HTTP, as the contract has them."""

import pytest

from streams import shows
from streams.models import Pin, Show

pytestmark = pytest.mark.django_db

STUDIO = "/api/v1/studio/shows/winter-table"


def post(client, path, body=None):
    return client.post(path, body or {}, content_type="application/json")


def test_the_list_names_public_shows_and_no_drafts(live_show, client, brand, host, now):
    draft = shows.schedule_show(
        brand=brand, host=host, title="Secret", slug="secret", starts_at=now, actor=None, now=now
    )
    Show.objects.filter(pk=draft.pk).update(state="draft")

    listed = client.get("/api/v1/shows").json()

    assert [show["slug"] for show in listed["shows"]] == ["winter-table"]
    assert listed["next"] is None
    assert client.get("/api/v1/shows?state=scheduled").json()["shows"] == []
    assert client.get(f"/api/v1/shows?after={live_show.pk}").json()["shows"] == []


def test_a_state_that_does_not_exist_is_refused_in_words(client):
    answer = client.get("/api/v1/shows?state=rehearsing")

    assert answer.status_code == 422
    assert "state" in answer.json()["error"]["fields"]


def test_a_show_comes_with_host_line_up_and_what_to_play(live_show, lineup_item, host, client, now):
    show = client.get("/api/v1/shows/winter-table").json()

    assert show["state"] == "live"
    assert show["host"]["handle"] == "noor"
    assert show["playback_url"].endswith("/live/winter-table/live.m3u8")
    assert show["playback_url"].startswith("http")
    assert [item["id"] for item in show["lineup"]] == [lineup_item.pk]
    assert show["pins"] == []


def test_a_rehearsal_looks_scheduled_from_outside(show, host, client, client_of, now):
    shows.open_rehearsal(show=show, actor=None, now=now)

    assert client.get("/api/v1/shows/winter-table").json()["state"] == "scheduled"
    assert client_of(host.user).get("/api/v1/shows/winter-table").json()["state"] == "rehearsal"


def test_a_show_that_does_not_exist_is_refused_in_words(client):
    answer = client.get("/api/v1/shows/nowhere")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "show.not_found"


def test_a_host_runs_a_show_through_the_api(show, lineup_item, host, client_of, now):
    shows.open_rehearsal(show=show, actor=None, now=now)
    noor = client_of(host.user)

    assert post(noor, f"{STUDIO}/go-live").json()["state"] == "live"
    assert post(noor, f"{STUDIO}/go-live").json()["state"] == "live"
    pinned = post(noor, f"{STUDIO}/pins", {"item": lineup_item.pk}).json()
    assert [card["id"] for card in pinned["items"]] == [lineup_item.pk]
    assert noor.delete(f"{STUDIO}/pins/{lineup_item.pk}").json()["items"] == []
    assert post(noor, f"{STUDIO}/pause-sales").json()["paused"] is True
    assert post(noor, f"{STUDIO}/resume-sales").json()["paused"] is False
    assert post(noor, f"{STUDIO}/end").json()["state"] == "ended"
    assert post(noor, f"{STUDIO}/end").json()["state"] == "ended"


def test_going_live_without_a_picture_is_refused_in_words(show, host, client_of):
    answer = post(client_of(host.user), f"{STUDIO}/go-live")

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "show.no_picture"


@pytest.mark.parametrize("act", ["go-live", "end", "pause-sales", "resume-sales", "pins"])
def test_outsiders_find_no_studio(live_show, lineup_item, client, client_of, outsider, viewer, act):
    body = {"item": lineup_item.pk}

    assert post(client_of(outsider), f"{STUDIO}/{act}", body).status_code == 404
    assert post(client_of(viewer), f"{STUDIO}/{act}", body).status_code == 404
    assert post(client, f"{STUDIO}/{act}", body).status_code == 401
    live_show.refresh_from_db()
    assert live_show.state == "live"
    assert not live_show.sales_paused
    assert not Pin.objects.exists()
