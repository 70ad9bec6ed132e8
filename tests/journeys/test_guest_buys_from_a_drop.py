"""A guest on a phone: a drop counts down, opens for everyone in the same second, one tap holds, one pays."""

from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.selling import OPENS_MS, SLUG, Host, fill_order
from tests.servers.web import Shop

pytestmark = pytest.mark.journey


def test_a_guest_buys_from_a_drop(shop: Shop, noor: Host, phone: Page):
    phone.goto(f"{shop.url}/shows/{SLUG}/")
    with noor.drop("First-flush tea", units=5, per_buyer=2):
        card = phone.locator("drop-card").first
        buy = card.get_by_role("button", name="Buy")
        expect(card).to_contain_text("Opens in")
        expect(buy).to_be_disabled()

        expect(card).to_contain_text("On sale now", timeout=OPENS_MS)
        expect(card).to_contain_text("5 left")
        buy.click()

        sheet = phone.get_by_role("dialog", name="Your order")
        expect(sheet).to_contain_text("Held for you")
        expect(card).to_contain_text("Held for you")
        expect(card).to_contain_text("4 left")
        expect(card).to_contain_text("1 in carts")
        fill_order(phone)
        sheet.get_by_role("button", name="Pay now EUR").click()

        expect(sheet).to_contain_text("Paid")
        sheet.get_by_role("link", name="order").first.click()
        expect(phone.get_by_role("heading", level=1)).to_contain_text("Paid")


def test_a_comment_appears_at_once_and_only_once(shop: Shop, noor: Host, phone: Page):
    phone.goto(f"{shop.url}/shows/{SLUG}/")

    field = phone.get_by_placeholder("Say something")
    words = f"Hello from phone {uuid4().hex[:6]}"
    field.fill(words)
    field.press("Enter")

    expect(field).to_have_value("")
    said = phone.locator("chat-log .message", has_text=words)
    expect(said).to_have_count(1)
    expect(said).not_to_have_class("message--waiting")
    phone.reload()
    expect(said).to_have_count(1)
