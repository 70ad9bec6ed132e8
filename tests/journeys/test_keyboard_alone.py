"""The keyboard alone buys: every stop shows where it is, sheets keep the focus and give it back."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.selling import ADDRESS, CARD, OPENS_MS, SLUG, Host
from tests.servers.web import Shop

pytestmark = pytest.mark.journey

STOPS_MAX = 60


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is on an element."""
    for _ in range(STOPS_MAX):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
    pytest.fail(f"{selector} cannot be reached with Tab")


def test_the_keyboard_alone_buys(shop: Shop, noor: Host, desk: Page):
    desk.goto(f"{shop.url}/shows/{SLUG}/")
    with noor.drop("First-flush tea", units=5):
        expect(desk.locator("drop-card").first.get_by_role("button", name="Buy")).to_be_enabled(timeout=OPENS_MS)

        tab_to(desk, ".drop-card__buy")
        desk.keyboard.press("Enter")
        sheet = desk.get_by_role("dialog", name="Your order")
        expect(sheet).to_contain_text("Held for you")
        desk.keyboard.press("Escape")
        expect(sheet).to_be_hidden()
        expect(desk.locator(".drop-card__buy").first).to_be_focused()

        desk.keyboard.press("Enter")
        expect(sheet).to_be_visible()
        for name, typed in {**ADDRESS, "town": "Hamburg", **CARD}.items():
            tab_to(desk, f'[name="{name}"]')
            desk.keyboard.type(typed)
        tab_to(desk, '[data-slot="pay"]')
        desk.keyboard.press("Enter")

        expect(sheet).to_contain_text("Paid")


def test_a_sheet_keeps_the_focus_and_gives_it_back(shop: Shop, noor: Host, desk: Page):
    desk.goto(f"{shop.url}/shows/{SLUG}/")
    opener = desk.locator("line-up").get_by_role("link", name="Buy First-flush tea")
    # Elements start one after the other; before this one the link leads to a page of its own.
    desk.evaluate("() => customElements.whenDefined('line-up').then(() => true)")

    opener.focus()
    desk.keyboard.press("Enter")
    sheet = desk.get_by_role("dialog", name="First-flush tea")
    expect(sheet).to_be_visible()
    for _ in range(STOPS_MAX // 4):
        desk.keyboard.press("Tab")
        # The address bar of the browser is the only way out, and it comes back in.
        assert desk.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    desk.keyboard.press("Escape")

    expect(sheet).to_be_hidden()
    expect(opener).to_be_focused()
