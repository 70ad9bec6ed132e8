"""The team asks for silence, then sends someone out: both are said at once, in words, and nobody knocks again."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures import PHONE, OpenPage
from tests.journeys.selling import SLUG, Host
from tests.servers.web import Shop

pytestmark = pytest.mark.journey

LATER_MS = 4000


def sockets_of(page: Page) -> list[str]:
    """Every socket that the page opens from now on."""
    opened: list[str] = []
    page.on("websocket", lambda socket: opened.append(socket.url))
    return opened


def author_of(noor: Host, text: str) -> str:
    events = noor.ask("GET", f"shows/{SLUG}/snapshot")["recent"]
    (author,) = [event["author"]["id"] for event in events if event.get("text") == text]
    return str(author)


def test_a_viewer_is_muted_and_then_banned(shop: Shop, noor: Host, open_page: OpenPage):
    ana = open_page(PHONE)
    ana.goto(f"{shop.url}/shows/{SLUG}/")
    field = ana.get_by_role("textbox", name="Message")
    expect(field).to_be_enabled()
    field.fill("Very rude words")
    field.press("Enter")
    expect(ana.get_by_role("log", name="Chat")).to_contain_text("Very rude words")
    expect(
        ana.locator(".message", has_text="Very rude words").and_(ana.locator(":not(.message--waiting)"))
    ).to_be_visible()
    viewer = author_of(noor, "Very rude words")
    studio = f"studio/shows/{SLUG}"

    mute = noor.ask("POST", f"{studio}/mutes", {"viewer": viewer, "seconds": 300, "reason": "caps"})
    composer = ana.locator("chat-composer")
    expect(composer).to_contain_text("You cannot write here for now: caps.")
    expect(composer).to_contain_text("4:5")
    noor.ask("DELETE", f"{studio}/mutes/{mute['id']}")
    expect(composer.get_by_text("You cannot write here")).to_be_hidden()

    opened = sockets_of(ana)
    ban = noor.ask("POST", f"{studio}/bans", {"viewer": viewer, "seconds": 86_400, "reason": "rude words"})
    line = ana.locator("connection-line")
    expect(line).to_contain_text("asked you to leave: rude words. You can come back in 1 day.")
    ana.wait_for_timeout(LATER_MS)  # Long enough for a first try to come back, and for the line of a lost connection.
    expect(line).to_contain_text("asked you to leave")
    assert opened == []

    ana.reload()
    expect(line).to_contain_text("asked you to leave: rude words")
    noor.ask("DELETE", f"{studio}/bans/{ban['id']}")
    ana.reload()
    expect(field).to_be_enabled()
    expect(line).to_be_empty()


def test_signing_out_in_one_tab_is_told_in_the_other(shop: Shop, noor: Host, open_page: OpenPage):
    page = open_page(PHONE)
    page.goto(f"{shop.url}/account/login/")
    page.get_by_label("Email").fill("viewer@demo.test")
    page.get_by_label("Password").fill("demo-show")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{shop.url}/")
    page.goto(f"{shop.url}/shows/{SLUG}/")
    expect(page.get_by_role("textbox", name="Message")).to_be_enabled()
    other = page.context.new_page()

    other.goto(f"{shop.url}/account/logout/")
    other.locator("main").get_by_role("button", name="Sign out").click()

    line = page.locator("connection-line")
    expect(line).to_contain_text("You are signed out. Reload the page to watch on as a guest")
    page.reload()
    expect(page.get_by_role("textbox", name="Message")).to_be_enabled()
    expect(line).to_be_empty()
