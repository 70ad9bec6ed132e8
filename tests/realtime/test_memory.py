"""What connections are made of is set aside when many have come, and given back when many have gone."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from livecommerce.realtime import memory
from livecommerce.realtime.hub import Hub


class Ring:
    """Something that only the collector can free."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


async def test_who_came_is_set_aside_and_who_left_is_collected(collector: None, monkeypatch: Any):
    monkeypatch.setattr(memory, "LOOK_SECONDS", 0.01)
    gc.unfreeze()
    here = Hub(asyncio.get_running_loop())
    tidy = asyncio.create_task(memory.tidy_forever(here))
    await asyncio.sleep(0)
    ring = Ring()
    gone = weakref.ref(ring)

    here.came += 100
    await asyncio.sleep(0.05)
    assert gc.get_freeze_count() > 0
    del ring
    gc.collect()
    assert gone() is not None  # Set aside: nobody looks at it.

    here.left += 2000
    await asyncio.sleep(0.05)
    assert gone() is None
    tidy.cancel()
