"""A scarce drop by lot, with guests checked: two guests ask, one is drawn and buys, the other stands next in line."""

import pytest
from playwright.sync_api import expect

from tests.browser.fixtures import PHONE, OpenPage
from tests.journeys.selling import OPENS_MS, SLUG, Host, fill_order
from tests.servers.web import Shop

pytestmark = pytest.mark.journey

DRAWN_MS = 20_000


def test_one_of_two_guests_is_drawn_and_the_other_is_next(shop: Shop, noor: Host, open_page: OpenPage):
    pages = [open_page(PHONE), open_page(PHONE)]
    for page in pages:
        page.goto(f"{shop.url}/shows/{SLUG}/")
    with noor.drop("First-flush tea", units=1, draw_seconds=8, guest_check=True):
        cards = [page.locator("drop-card").first for page in pages]
        for card in cards:
            expect(card).to_contain_text("by lot among all who ask in the first 8 s", timeout=OPENS_MS)

        for card in cards:
            card.get_by_role("button", name="Enter").click(timeout=OPENS_MS)

        for card in cards:
            expect(card).to_contain_text("You are in the draw")
            expect(card.get_by_role("button", name="Leave")).to_be_enabled()
        expect(cards[0]).to_contain_text("2 in the draw")

        turns = [card.get_by_text("It is your turn") for card in cards]
        expect(turns[0].or_(cards[0].get_by_text("in the queue"))).to_be_visible(timeout=DRAWN_MS)
        winner = 0 if turns[0].is_visible() else 1
        expect(turns[winner]).to_be_visible()
        expect(cards[1 - winner]).to_contain_text("You are 1st of 1 in the queue.")

        cards[winner].get_by_role("button", name="Hold it").click()
        sheet = pages[winner].get_by_role("dialog", name="Your order")
        expect(sheet).to_contain_text("Held for you")
        fill_order(pages[winner])
        sheet.get_by_role("button", name="Pay now EUR").click()
        expect(sheet).to_contain_text("Paid")
