"""Brand staff schedule a show in the back office, and it stands on the home page."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures import OpenPage
from tests.servers.web import Shop

pytestmark = pytest.mark.journey


def sign_in(page: Page, shop: Shop, email: str, *, then: str) -> None:
    page.goto(f"{shop.url}/account/login/?next={then}")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", "demo-show")
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{shop.url}{then}")


def test_brand_staff_schedule_a_show_and_it_stands_on_the_home_page(shop: Shop, desk: Page, open_page: OpenPage):
    sign_in(desk, shop, "brand@demo.test", then="/admin/streams/show/add/")
    starts_at = datetime.now().astimezone() + timedelta(days=1)

    desk.fill("input[name=title]", "Advent table: candles and plates")
    desk.fill("input[name=starts_at_0]", f"{starts_at:%Y-%m-%d}")
    desk.fill("input[name=starts_at_1]", "19:00:00")
    desk.locator(".field-host .select2-selection").click()
    desk.locator(".select2-search__field").press_sequentially("Noor")
    desk.get_by_role("option", name="Noor Haddad").click()
    expect(desk.locator("select[name=brand] option:checked")).to_have_text("Kiln & Kettle")
    desk.locator("button[name=_save], input[name=_save]").first.click()

    desk.wait_for_url(re.compile(r"/admin/streams/show/$"))
    viewer = open_page()
    viewer.goto(f"{shop.url}/")
    viewer.get_by_role("link", name="Advent table: candles and plates").click()
    expect(viewer.get_by_role("heading", name="Advent table: candles and plates").first).to_be_attached()


def test_staff_of_another_brand_cannot_open_it(shop: Shop, desk: Page):
    sign_in(desk, shop, "rival@demo.test", then="/admin/streams/show/")

    expect(desk.get_by_text("Advent table")).to_have_count(0)
    expect(desk.get_by_text("Winter table")).to_have_count(0)
