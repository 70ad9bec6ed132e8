"""Pages as robots and link previews ask for them."""

from collections.abc import Callable

import pytest
from django.test import Client

from catalog.models import Product
from livecommerce.accounts.models import User
from streams.models import Show


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/shows/",
        "/shows/winter-table/",
        "/embed/winter-table/",
        "/hosts/noor/",
        "/brands/kiln-kettle/",
        "/products/kiln-kettle-cup/",
        "/cart/",
        "/account/login/",
    ],
)
def test_a_page_says_over_head_that_it_is_there(path: str, live_show: Show, product: Product) -> None:
    answer = Client().head(path)

    assert (answer.status_code, answer.content) == (200, b"")


def test_the_studio_does_too(live_show: Show, client_of: Callable[[User], Client]) -> None:
    client = client_of(live_show.host.user)

    assert client.head("/studio/").status_code == 200
    assert client.head("/studio/winter-table/").status_code == 200
