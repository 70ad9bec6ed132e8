"""axe reads every page in both themes and finds nothing to complain about. A new page adds its address here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.fixtures import DESK, PHONE, Complaints, OpenPage
from tests.servers.web import ROOT, Shop

AXE = Path(ROOT / "node_modules" / "axe-core" / "axe.min.js")
THEMES = ("light", "dark")
DEVICES = {"phone": PHONE, "desk": DESK}
ADDRESSES = (
    "/",
    "/shows/",
    "/shows/?brand=maren",
    "/shows/live-now/",
    "/shows/coming-up/",
    "/shows/last-week/",
    "/hosts/noor/",
    "/brands/kiln-kettle/",
    "/products/kiln-kettle-cup/",
    "/cart/",
    "/account/login/",
    "/account/signup/",
    "/account/login/code/",
    "/account/password/reset/",
    "/nothing-is-here/",
)
SIGNED_IN_ADDRESSES = {
    "viewer@demo.test": ("/account/email/", "/account/password/change/", "/account/logout/"),
    "host@demo.test": ("/studio/", "/studio/live-now/"),
}


# The page that is not there, and the film of past shows, which a shop that only was laid out does not have.
MEANT_TO_BE_MISSING = ("/nothing-is-here/", "/vod.m3u8")


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """As everywhere, but for what is meant to be missing."""
    complaints = Complaints()
    yield complaints
    assert [each for each in complaints if not any(missing in each for missing in MEANT_TO_BE_MISSING)] == []


def violations(page: Page) -> list[str]:
    """What axe finds, with the rule and the first element."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]


def sign_in(page: Page, shop: Shop, email: str) -> None:
    page.goto(f"{shop.url}/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("demo-show")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{shop.url}/")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("theme", THEMES)
def test_anyone_can_read_and_use_every_page(shop: Shop, open_page: OpenPage, theme: str, device: str):
    page = open_page(DEVICES[device], color_scheme=theme)
    found = {}

    for address in ADDRESSES:
        page.goto(shop.url + address)
        found[address] = violations(page)

    assert {address: those for address, those in found.items() if those} == {}


@pytest.mark.parametrize("email", SIGNED_IN_ADDRESSES)
@pytest.mark.parametrize("theme", THEMES)
def test_anyone_can_read_and_use_the_pages_behind_sign_in(shop: Shop, open_page: OpenPage, theme: str, email: str):
    page = open_page(color_scheme=theme)
    sign_in(page, shop, email)
    found = {}

    for address in SIGNED_IN_ADDRESSES[email]:
        page.goto(shop.url + address)
        found[address] = violations(page)

    assert {address: those for address, those in found.items() if those} == {}


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_page_is_wider_than_a_small_phone(shop: Shop, open_page: OpenPage, address: str):
    page = open_page({**PHONE, "viewport": {"width": 320, "height": 640}})

    page.goto(shop.url + address)

    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_chosen_colours_stay_on_the_next_page(shop: Shop, desk: Page):
    desk.goto(shop.url)

    desk.get_by_role("button", name="Dark").click()
    desk.goto(f"{shop.url}/shows/")

    assert desk.locator("html").get_attribute("data-theme") == "dark"
    assert desk.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"


def test_the_chosen_colours_stay_without_scripts(shop: Shop, open_page: OpenPage):
    page = open_page(java_script_enabled=False)
    page.goto(shop.url)

    page.get_by_role("button", name="Dark").click()

    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_choosing_an_option_changes_the_price_without_leaving_the_page(shop: Shop, desk: Page):
    desk.goto(f"{shop.url}/products/kiln-kettle-cup/")
    before = desk.locator(".buy-head .price").inner_text()
    desk.evaluate("window.stayed = true")

    desk.get_by_role("link", name="180 ml").click()

    desk.wait_for_function("text => document.querySelector('.buy-head .price').innerText !== text", arg=before)
    assert desk.evaluate("window.stayed")
    assert "variant=" in desk.url
