"""The host drops a code: it appears over the viewer's picture, one tap puts it into the bag, and less is paid."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures import DESK, OpenPage
from tests.journeys.selling import OPENS_MS, SLUG, Host, fill_order
from tests.journeys.test_host_runs_a_show import sign_in
from tests.servers.web import Shop

pytestmark = pytest.mark.journey


def test_a_code_is_dropped_tapped_and_paid_with(shop: Shop, noor: Host, phone: Page, open_page: OpenPage):
    phone.goto(f"{shop.url}/shows/{SLUG}/")
    chip = phone.get_by_role("group", name="Discount code")
    expect(chip).to_be_hidden()

    desk = open_page(**DESK)
    sign_in(desk, shop, "host@demo.test")
    desk.goto(f"{shop.url}/studio/{SLUG}/")
    desk.get_by_role("button", name="Drop the code TABLE4").click()
    expect(desk.get_by_role("region", name="Codes")).to_contain_text("Dropped")

    expect(chip).to_contain_text("TABLE4 EUR\u00a04 off · 100 of 100 left", timeout=OPENS_MS)
    chip.get_by_role("button", name="Apply").focus()
    phone.keyboard.press("Enter")
    expect(chip).to_contain_text("in your bag")
    expect(chip.get_by_role("button")).to_be_hidden()

    with noor.drop("First-flush tea", units=5):
        phone.locator("drop-card").first.get_by_role("button", name="Buy").click(timeout=OPENS_MS)
        sheet = phone.get_by_role("dialog", name="Your order")
        expect(sheet).to_contain_text("TABLE4")
        expect(sheet.locator(".sums")).to_contain_text("−4.00")
        fill_order(phone)
        sheet.get_by_role("button", name="Pay now EUR\u00a011.90").click()
        expect(sheet).to_contain_text("Paid")

    expect(desk.get_by_role("region", name="Codes")).to_contain_text("99 of 100 left")
    phone.reload()
    expect(chip).to_contain_text("99 of 100 left")
