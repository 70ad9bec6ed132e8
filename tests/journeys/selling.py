"""The host's side of a journey: film, go live, start a drop, over RTMP and the API as the Studio does."""

import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

from tests.journeys.encoder import encoder_of
from tests.servers.web import Shop

SLUG = "live-now"
PICTURE_SECONDS_MAX = 60
# The shortest countdown is fair to the slowest viewer, so it grows with their delay.
OPENS_MS = 45_000
ADDRESS = {"name": "Ana Lopes", "email": "ana@example.test", "street": "Elbchaussee 1", "postcode": "22765"}
CARD = {"card": "4242 4242 4242 4242", "expiry": "08 / 31", "cvc": "123"}


class Host:
    """Noor: films the show, goes live and starts drops. Use her as a context, so that nobody films on."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.token = ""
        self.token = self.ask("POST", "sessions", {"email": "host@demo.test", "password": "demo-show"})["token"]
        self.encoder = encoder_of(shop, SLUG)

    def __enter__(self) -> "Host":
        self.encoder.start()
        deadline = time.monotonic() + PICTURE_SECONDS_MAX
        while self.ask("GET", f"shows/{SLUG}")["state"] != "live":
            assert time.monotonic() < deadline, "no picture arrived"
            time.sleep(1)
            # Refused until the picture is there; an interrupted show goes on by itself.
            with contextlib.suppress(AssertionError):
                self.ask("POST", f"studio/shows/{SLUG}/go-live")
        return self

    def __exit__(self, *_reason: object) -> None:
        self.encoder.kill()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the API as this host."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.shop.url}/api/v1/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                found: dict[str, Any] = json.loads(answer.read() or b"{}")
                return found
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{method} {path}: {refusal.read().decode()}") from refusal

    def variant(self, name: str) -> int:
        """The first variant of a product of the line-up."""
        products = self.ask("GET", f"shows/{SLUG}")["lineup"]
        product = next(each for each in products if name in each["product"]["name"])
        return int(product["variants"][0]["id"])

    @contextlib.contextmanager
    def drop(self, name: str, units: int, **terms: Any) -> Iterator[None]:
        """A drop of one variant, closed afterwards; it opens as soon as that is fair, after ten seconds or more."""
        price = {"amount": 1100, "currency": "EUR"}
        asked = {"variant": self.variant(name), "units": units, "price": price, "per_buyer": 1, "opens_in": 0}
        drop = self.ask("POST", f"studio/shows/{SLUG}/drops", {**asked, "window": 600, **terms})
        try:
            yield
        finally:
            self.ask("POST", f"studio/shows/{SLUG}/drops/{drop['id']}/close")


def fill_order(page: Page) -> None:
    """Type where to and how to pay into the payment sheet."""
    sheet = page.get_by_role("dialog", name="Your order")
    for name, typed in {**ADDRESS, **CARD, "town": "Hamburg"}.items():
        sheet.locator(f'[name="{name}"]').fill(typed)
