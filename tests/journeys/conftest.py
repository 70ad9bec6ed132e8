"""People of the journeys."""

from collections.abc import Iterator

import pytest

from tests.journeys.selling import Host
from tests.servers.web import Shop


@pytest.fixture(scope="module")
def noor(shop: Shop) -> Iterator[Host]:
    """The host of `live-now`, on air."""
    with Host(shop) as host:
        yield host
