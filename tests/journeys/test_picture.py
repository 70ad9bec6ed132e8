"""The picture in a viewer's browser: plays at once, has the programme's time, and outlives a lost encoder."""

import os
from collections.abc import Callable

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures import PHONE, OpenPage
from tests.servers.web import Shop

pytestmark = pytest.mark.journey

PATIENCE_MS = 60_000
STRIPES, STRIPE_WIDTH, HEIGHT = 12, 60, 1280
# The stripes count tenths; the demo's show says how long its frames take to arrive.
SYNC_SECONDS, ON_THE_WAY_SECONDS = 0.4 + 0.1, 0.25

# The page starts its elements one after the other, so that no phone stands still: the player may still be to come.
LOOK = """async () => {
  await customElements.whenDefined("show-player");
  const video = document.querySelector("show-player video");
  const canvas = document.createElement("canvas");
  canvas.width = 720;
  canvas.height = 8;
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.drawImage(video, 0, 1272, 720, 8, 0, 0, 720, 8);
  let tenths = 0;
  for (let bit = 0; bit < 12; bit += 1) {
    if (brush.getImageData(60 * bit + 30, 4, 1, 1).data[0] > 128) tenths += 2 ** bit;
  }
  const player = document.querySelector("show-player");
  return { filmed: tenths / 10, programme: player.programme(), behind: player.behindMs(), place: video.currentTime };
}"""


def look(page: Page) -> dict[str, float]:
    seen: dict[str, float] = page.evaluate(LOOK)
    return seen


def sync_error(page: Page) -> float:
    """Seconds by which what is told for a moment would be shown before or after its frame."""
    seen = look(page)
    period = 2**STRIPES / 10
    late = (seen["programme"] / 1000 - seen["filmed"] + period / 2) % period - period / 2
    return late - ON_THE_WAY_SECONDS


def allowed_error() -> float:
    """An encoder that waits for a processor sends its frames late: on a machine with a queue the figure means less."""
    return SYNC_SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1) / 2)


def plays_on(page: Page, *, beyond: float) -> None:
    wait_for(page, lambda: look(page)["place"] > beyond, f"a picture beyond {beyond} s")


def wait_for(page: Page, said: Callable[[], bool], what: str) -> None:
    """Ask from outside: the pages' own security policy forbids to ask from inside."""
    for _ in range(PATIENCE_MS // 250):
        if said():
            return
        page.wait_for_timeout(250)
    pytest.fail(f"in vain: {what}")


def test_the_picture_plays_at_once_and_one_tap_gives_sound(live_shop: Shop, phone: Page):
    phone.goto(f"{live_shop.url}/shows/live-now/")
    plays_on(phone, beyond=2)
    silent = "document.querySelector('show-player video').muted"
    assert phone.evaluate(silent) is True

    phone.get_by_role("button", name="Tap for sound").click()

    assert phone.evaluate(silent) is False
    place = look(phone)["place"]
    plays_on(phone, beyond=place + 1)
    expect(phone.get_by_role("button", name="Turn the sound off")).to_be_visible()


def test_a_lost_encoder_costs_no_viewer_their_page_and_the_clock_is_right_again(live_shop: Shop, open_page: OpenPage):
    page = open_page(PHONE)
    page.goto(f"{live_shop.url}/shows/live-now/")
    page.evaluate("window.sameDocument = true")
    plays_on(page, beyond=4)
    wait_for(page, lambda: abs(sync_error(page)) < allowed_error(), "frames at their moments")
    assert look(page)["behind"] < 15_000

    encoder_of(live_shop).kill()
    page.wait_for_timeout(1000)
    before = look(page)
    page.wait_for_timeout(12_000)

    plays_on(page, beyond=before["place"] + 6)
    page.wait_for_timeout(3000)
    wait_for(page, lambda: abs(sync_error(page)) < allowed_error(), "frames at their moments")
    assert page.evaluate("window.sameDocument") is True


def encoder_of(shop: Shop) -> psutil.Process:
    """The demo's own encoder: the ffmpeg that publishes."""
    children = psutil.Process(shop.pid).children(recursive=True)
    (encoder,) = [
        child
        for child in children
        if any(word.startswith("rtmp://") for word in child.cmdline()[-1:]) and "ffmpeg" in child.name()
    ]
    return encoder


def test_a_replay_goes_to_the_chapter_that_is_asked_for(live_shop: Shop, desk: Page):
    address = f"{live_shop.url}/live/last-week/vod.m3u8"
    for _ in range(120):
        if desk.request.get(address).ok:
            break
        desk.wait_for_timeout(1000)
    desk.goto(f"{live_shop.url}/shows/last-week/")
    plays_on(desk, beyond=1)
    chapter = desk.locator(".chapter").nth(1)
    wanted = int(chapter.get_attribute("data-programme") or 0)

    chapter.click()

    wait_for(desk, lambda: abs((look(desk)["programme"] or 0) - wanted) < 8000, "the chapter")
    expect(chapter).to_have_attribute("aria-current", "true")
