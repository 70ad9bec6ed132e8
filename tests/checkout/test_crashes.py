"""Mid-rush, something dies by kill -9: whoever was promised a unit has it, and nothing is lost or doubled."""

import random
import tempfile
import time
from collections.abc import Generator

import pytest

from tests.checkout.arena import BUYERS, LAY_OUT, SEEDS, Arena, Racer
from tests.checkout.misfortunes import BATCH
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.race


@pytest.fixture(scope="module")
def arena() -> Generator[Arena]:
    with Postgres(durable=True) as postgres, tempfile.TemporaryDirectory(prefix="vitrine-arena-") as folder:
        ready = Arena(postgres, folder)
        ready.migrate()
        ready.run(LAY_OUT)
        yield ready
        ready.close()


def in_mid_rush(racer: Racer, seed: int) -> None:
    """Wait for a moment of the seed's choice, somewhere in a batch of the first half."""
    chance = random.Random(seed)
    racer.wait_until_promised(chance.randrange(BUYERS // BATCH // 2))
    time.sleep(chance.uniform(0, 0.015))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_process_has_kept_every_promise_it_made(arena: Arena, seed: int):
    told = arena.new_rush()
    first = arena.racer(told)
    in_mid_rush(first, seed)
    first.kill()
    acknowledged = first.acknowledged()

    acknowledged_again = arena.racer(told).acknowledged()

    assert acknowledged.items() <= acknowledged_again.items()
    arena.check(told["drop"], acknowledged_again)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_database_has_kept_every_promise_it_made(arena: Arena, seed: int):
    told = arena.new_rush()
    racer = arena.racer(told)
    in_mid_rush(racer, seed)
    arena.postgres.crash()
    arena.postgres.run()

    acknowledged = racer.acknowledged()

    arena.check(told["drop"], acknowledged)
