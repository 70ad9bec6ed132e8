"""Fixtures of the journeys: `shop` (an installation that serves the demo shop), `browser`, `phone`, `desk`.

They live no longer than a module: Playwright's loop runs in the main thread while it is open, and async tests
of other modules need that thread for themselves.
"""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.servers import profile
from tests.servers.child import find_program
from tests.servers.web import Shop

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--autoplay-policy=no-user-gesture-required",
]
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1440, "height": 900}}
PATIENCE_MS = 15_000


@pytest.fixture(scope="session")
def prepared_shop() -> Iterator[Shop]:
    """The demo shop, laid out once and never started: every journey gets a copy."""
    shop = Shop(postgres=profile.postgres, redis_url=profile.redis.url if profile.redis else "")
    shop.prepare()
    yield shop
    shop.remove()


@pytest.fixture(scope="module")
def shop(prepared_shop: Shop) -> Iterator[Shop]:
    """A serving copy of the demo shop, without a broadcaster: `live-now` waits for its encoder."""
    shop = prepared_shop.copy()
    shop.start()
    yield shop
    shop.remove()


@pytest.fixture(scope="module")
def live_shop(prepared_shop: Shop) -> Iterator[Shop]:
    """`make demo` itself: `live-now` is on air with picture and sound, the crowd is there."""
    shop = prepared_shop.copy()
    shop.start("demo", wait=False)
    assert shop.child
    shop.child.wait_until(lambda: f"ready {shop.url}/" in shop.log(), seconds_max=180)
    yield shop
    shop.remove()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


class Complaints(list[str]):
    """What the browser complained about: console errors, uncaught exceptions, blocked content."""

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.append(f"{page.url}: {error}"))
        page.on("console", self._keep_error)

    def _keep_error(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self.append(f"{message.location.get('url', '')}: {message.text}")


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """No journey passes when its pages complained; a test that expects a complaint clears the list itself."""
    complaints = Complaints()
    yield complaints
    assert complaints == []


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, complaints: Complaints) -> Iterator[OpenPage]:
    """`open_page(PHONE)`: another person with another browser. Options go to Playwright's `new_context`."""
    contexts: list[BrowserContext] = []

    def open_context(device: dict[str, object] = DESK, **options: object) -> Page:
        context = browser.new_context(**{**device, **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        complaints.listen(page)
        return page

    yield open_context
    for context in contexts:
        context.close()


@pytest.fixture
def phone(open_page: OpenPage) -> Page:
    return open_page(PHONE)


@pytest.fixture
def desk(open_page: OpenPage) -> Page:
    return open_page(DESK)


def find_chromium() -> str:
    """Chromium on PATH; Playwright's own download is not used, so that one `apt-get` is all that a machine needs."""
    for name in CHROMIUM_NAMES:
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            if os.access(os.path.join(folder, name), os.X_OK):
                return os.path.join(folder, name)
    return find_program("chromium")
