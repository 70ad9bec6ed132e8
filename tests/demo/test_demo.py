"""`manage.py demo` as people start it."""

import time
import urllib.request

import psutil
import pytest

from tests.servers.web import Shop

PATIENCE_SECONDS = 60


@pytest.mark.journey
def test_the_demo_goes_on_air_with_a_crowd_and_ends_whole(prepared_shop: Shop):
    shop = prepared_shop.copy()
    try:
        shop.start("demo", wait=False)
        shop.child.wait_until(lambda: f"ready {shop.url}/" in shop.log(), seconds_max=180)
        family = psutil.Process(shop.pid).children(recursive=True)

        playlist = urllib.request.urlopen(f"{shop.url}/live/live-now/live.m3u8", timeout=10).read().decode()
        wait_until(lambda: talk_of(shop) and viewers_of(shop) > 0)
        state = shop.snapshot("live-now")["state"]
        shop.stop()

        assert playlist.count("#EXTINF") >= 3
        assert state["pins"][1]["items"]
        assert any(key.startswith("drop:") for key in state)
        assert [value["text"] for key, (_, value) in state.items() if key.startswith("code:")] == ["TABLE4"]
        assert not [child for child in family if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        assert "Traceback" not in shop.log()
    finally:
        shop.remove()


def talk_of(shop: Shop) -> list[str]:
    return [event["text"] for event in shop.snapshot("live-now")["recent"] if event["type"] == "message.posted"]


def viewers_of(shop: Shop) -> int:
    return shop.snapshot("live-now")["state"].get("viewers", [0, {"count": 0}])[1]["count"]


def wait_until(happened) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(1)
