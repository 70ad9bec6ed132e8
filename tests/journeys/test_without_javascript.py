"""Without JavaScript one can still buy: a form holds, the bag's page pays, the order page says so."""

import pytest
from playwright.sync_api import expect

from tests.browser.fixtures import PHONE, OpenPage
from tests.journeys.selling import ADDRESS, CARD, OPENS_MS, SLUG, Host
from tests.servers.web import Shop

pytestmark = pytest.mark.journey


def test_without_javascript_one_can_still_buy(shop: Shop, noor: Host, open_page: OpenPage):
    with noor.drop("First-flush tea", units=5):
        page = open_page(PHONE, java_script_enabled=False)
        page.goto(f"{shop.url}/shows/{SLUG}/")
        expect(page.locator("drop-card").first).to_contain_text("Opens in")
        card = page.locator("drop-card").first
        for _ in range(OPENS_MS // 1000):
            page.wait_for_timeout(1000)
            page.reload()
            if "On sale now" in card.inner_text():
                break
        card.get_by_role("button", name="Buy").click()

        expect(page).to_have_url(f"{shop.url}/cart/")
        for name, typed in {**ADDRESS, "town": "Hamburg", **CARD}.items():
            page.locator(f'[name="{name}"]').fill(typed)
        page.get_by_role("button", name="Pay now EUR").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Paid")


def test_without_javascript_a_product_with_sizes_is_chosen_on_its_sheet(shop: Shop, noor: Host, open_page: OpenPage):
    page = open_page(PHONE, java_script_enabled=False)
    page.goto(f"{shop.url}/shows/{SLUG}/#line-up")

    page.locator("line-up").get_by_role("link", name="Buy Speckled stoneware cup").click()
    sheet = page.get_by_role("dialog", name="Speckled stoneware cup")
    expect(sheet).to_be_visible()
    chosen = sheet.locator("a.chip:not([aria-current])").first
    words = chosen.inner_text()
    chosen.click()

    expect(page.locator('a.chip[aria-current="true"]', has_text=words.split("\n")[0]).first).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Buy").click()
    expect(page).to_have_url(f"{shop.url}/cart/")
    expect(page.locator("body")).to_contain_text("Speckled stoneware cup")
