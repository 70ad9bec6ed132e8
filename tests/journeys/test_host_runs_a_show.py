"""A host runs a show: from the encoder to the end, with a drop, a lost picture and a spammer in between."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures import DESK, PHONE, Complaints, OpenPage
from tests.journeys.encoder import Encoder, encoder_of
from tests.servers.web import Shop

pytestmark = pytest.mark.journey

PICTURE_MS = 40_000


@pytest.fixture
def encoder(shop: Shop) -> Iterator[Encoder]:
    encoder = encoder_of(shop, "live-now")
    yield encoder
    encoder.kill()


def sign_in(page: Page, shop: Shop, email: str) -> None:
    page.goto(f"{shop.url}/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("demo-show")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{shop.url}/")


def plays_on(page: Page, *, than: float = 0) -> float:
    """Wait until the picture of a page has moved beyond a place; return where it is."""
    for _ in range(PICTURE_MS // 500):
        place = page.evaluate("document.querySelector('video')?.currentTime ?? 0")
        if place > than + 1:
            return float(place)
        page.wait_for_timeout(500)
    pytest.fail(f"the picture stands at {place} s on {page.url}")


def start_the_drop(noor: Page, guest: Page) -> None:
    noor.get_by_role("radio", name="10 s").check()
    noor.keyboard.press("d")
    noor.get_by_role("dialog").get_by_role("button", name="Start drop").click()
    expect(noor.locator("go-clock")).to_contain_text("Say GO")
    expect(guest.locator(".theatre__cards")).to_contain_text("Opens in")
    expect(noor.locator(".studio").get_by_text("On sale now")).to_be_visible(timeout=PICTURE_MS)


def keep_the_chat(noor: Page, guest: Page) -> None:
    field = guest.get_by_placeholder("Say something")
    field.fill("same cups 5 EUR at my shop")
    field.press("Enter")
    spam = noor.locator(".message", has_text="same cups 5 EUR")
    expect(spam).to_be_visible()
    spam.click()
    noor.keyboard.press("m")
    expect(noor.get_by_role("status").filter(has_text="is muted for 5 minutes")).to_be_visible()
    noor.keyboard.press("Delete")
    expect(noor.locator(".message--removed")).to_be_visible()
    expect(guest.get_by_text("same cups 5 EUR at my shop")).to_have_count(0)
    field.fill("again")
    field.press("Enter")
    expect(guest.get_by_text("You cannot write here")).to_be_visible()


def lose_the_picture_and_get_it_back(noor: Page, guest: Page, encoder: Encoder) -> None:
    encoder.kill()
    expect(noor.get_by_text("PICTURE LOST").first).to_be_visible(timeout=PICTURE_MS)
    expect(guest.get_by_text("is reconnecting")).to_be_visible(timeout=PICTURE_MS)
    expect(noor.locator(".studio").get_by_text("Sale paused")).to_be_visible()
    encoder.start()
    expect(noor.get_by_text("ON AIR").first).to_be_visible(timeout=PICTURE_MS)
    expect(noor.locator(".studio").get_by_text("On sale now")).to_be_visible(timeout=PICTURE_MS)


def test_a_host_runs_a_show_from_go_live_to_end(
    shop: Shop, open_page: OpenPage, complaints: Complaints, encoder: Encoder
):
    noor, guest = open_page(DESK), open_page(PHONE)
    sign_in(noor, shop, "host@demo.test")
    noor.goto(f"{shop.url}/studio/live-now/")
    go_live = noor.get_by_role("button", name="Go live")
    expect(go_live).to_be_disabled()

    encoder.start()
    expect(go_live).to_be_enabled(timeout=PICTURE_MS)
    plays_on(noor)
    guest.goto(f"{shop.url}/shows/live-now/")
    go_live.click()

    expect(noor.get_by_text("ON AIR").first).to_be_visible(timeout=PICTURE_MS)
    guest.evaluate("window.sameDocument = true")
    place = plays_on(guest)

    noor.keyboard.press("n")
    expect(noor.locator(".cue--now")).to_contain_text("First-flush tea")
    expect(guest.locator(".theatre__cards")).to_contain_text("First-flush tea", timeout=PICTURE_MS)

    start_the_drop(noor, guest)
    keep_the_chat(noor, guest)
    lose_the_picture_and_get_it_back(noor, guest, encoder)
    plays_on(guest, than=place)
    assert guest.evaluate("window.sameDocument") is True

    noor.get_by_role("button", name="End show").first.click()
    noor.get_by_role("dialog").get_by_role("button", name="End show").click()
    expect(noor.get_by_text("paid orders only")).to_be_visible()
    expect(noor.locator(".studio-over")).to_be_visible(timeout=PICTURE_MS)
    expect(guest.get_by_text("Thank you for watching")).to_be_visible(timeout=PICTURE_MS)
