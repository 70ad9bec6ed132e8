"""Mid-rush, something dies by kill -9: whoever was promised a unit has it, and nothing is lost or doubled."""

import random
import tempfile
import time
from collections.abc import Generator

import pytest

from tests.checkout.arena import LAY_OUT, SEEDS, Arena
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


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_process_has_kept_every_promise_it_made(arena: Arena, seed: int):
    told = arena.new_rush()
    first = arena.racer(told)
    time.sleep(random.Random(seed).uniform(0.01, 0.5))
    first.kill()
    acknowledged = first.acknowledged()

    acknowledged_again = arena.racer(told).acknowledged()

    assert acknowledged.items() <= acknowledged_again.items()
    arena.check(told["drop"], acknowledged_again)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_database_has_kept_every_promise_it_made(arena: Arena, seed: int):
    told = arena.new_rush()
    racer = arena.racer(told)
    time.sleep(random.Random(seed).uniform(0.01, 0.5))
    arena.postgres.crash()
    arena.postgres.run()

    acknowledged = racer.acknowledged()

    arena.check(told["drop"], acknowledged)
