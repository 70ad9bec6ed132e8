"""Two viewers, one unit: one holds it, the other hears so within a second, queues, and gets it when it comes back."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.fixtures import PHONE, OpenPage
from tests.journeys.selling import OPENS_MS, SLUG, Host, fill_order
from tests.servers.web import Shop

pytestmark = pytest.mark.journey

AT_ONCE_MS = 1500


def test_the_last_unit_goes_to_one_and_comes_back_to_the_next(shop: Shop, noor: Host, open_page: OpenPage):
    ana, ben = open_page(PHONE), open_page(PHONE)
    for page in (ana, ben):
        page.goto(f"{shop.url}/shows/{SLUG}/")
    with noor.drop("First-flush tea", units=1):
        cards = [page.locator("drop-card").first for page in (ana, ben)]
        for card in cards:
            expect(card.get_by_role("button", name="Buy")).to_be_enabled(timeout=OPENS_MS)

        cards[0].get_by_role("button", name="Buy").click(no_wait_after=True)
        cards[1].get_by_role("button", name="Buy").click(no_wait_after=True)

        expect(ana.get_by_role("dialog", name="Your order")).to_contain_text("Held for you")
        expect(cards[1]).to_contain_text("Sold out")
        expect(ben.get_by_role("dialog", name="Your order")).to_be_hidden()

        # A tap that lands in the moment in which Buy becomes Join queue has joined already.
        expect(cards[1]).to_contain_text(re.compile("Join queue|in the queue"))
        if "Join queue" in cards[1].inner_text():
            cards[1].get_by_role("button", name="Join queue").click()
        expect(cards[1]).to_contain_text("You are 1st of 1 in the queue.")

        ana.keyboard.press("Escape")
        cards[0].get_by_role("button", name="Let it go").click()

        expect(cards[1]).to_contain_text("One came back, it is yours", timeout=AT_ONCE_MS)
        cards[1].get_by_role("button", name="Hold it").click()
        sheet = ben.get_by_role("dialog", name="Your order")
        expect(sheet).to_contain_text("Held for you")
        fill_order(ben)
        sheet.get_by_role("button", name="Pay now EUR").click()
        expect(sheet).to_contain_text("Paid")
        expect(cards[0]).to_contain_text("Sold out")
