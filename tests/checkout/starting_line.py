"""The starting line: one process with everything loaded, which forks the racers of each race.

    python -m tests.checkout.starting_line             races, one JSON object a line, until the end of the input
    python -m tests.checkout.starting_line run                           one act here and now, for each line of input

Racers are processes with connections of their own; forking them costs milliseconds, where starting them costs seconds.
"""

import importlib
import json
import multiprocessing
import os
import sys
import traceback
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import django

PATIENCE_SECONDS = 60
RACE_SECONDS = 120
LOADED = ("bargainers", "guards", "leavers", "misfortunes", "payers", "racers")


def find(name: str) -> Any:
    """`tap` is one of the racers, `payers.pay_both_ways` one of the module beside them."""
    module, _, act = name.rpartition(".")
    return getattr(importlib.import_module(f"tests.checkout.{module or 'racers'}"), act)


def race_here(*, act: str, processes: int, told: dict[str, Any], folder: str) -> list[dict[str, Any]]:
    """Fork the racers, let them go together, and say how each ended: its exit code, and what it said."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(processes)
    racers = [
        context.Process(target=_run, args=(act, me, told, Path(folder), barrier), daemon=True)
        for me in range(processes)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(RACE_SECONDS)
        racer.kill()
        racer.join()
    return [
        {
            "code": racer.exitcode,
            "said": _read(Path(folder) / f"said-{me}"),
            "wrong": _read(Path(folder) / f"wrong-{me}"),
        }
        for me, racer in enumerate(racers)
    ]


def _run(act: str, me: int, told: dict[str, Any], folder: Path, barrier: Barrier) -> None:
    from django.db import connection

    os.environ["SIGNS"] = str(folder)
    # What an act prints is said, too: it may die before it returns.
    with (folder / f"said-{me}").open("w") as said:
        os.dup2(said.fileno(), sys.stdout.fileno())
    try:
        connection.ensure_connection()
        barrier.wait(PATIENCE_SECONDS)
        # Whoever wants to kill it has to know it.
        (folder / f"pid-{me}").write_text(f"{os.getpid()}\n")
        print(json.dumps(find(act)(me=me, **told)), flush=True)
    except BaseException:
        (folder / f"wrong-{me}").write_text(traceback.format_exc())
        os._exit(1)
    os._exit(0)


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def start_races() -> None:
    """Run races until nobody asks for one."""
    # What a racer needs is loaded once; no connection is opened here, for a fork would share it.
    for name in ("checkout.tasks", "checkout.live", "checkout.merging", *(f"tests.checkout.{name}" for name in LOADED)):
        importlib.import_module(name)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    for line in sys.stdin:
        answers.write(json.dumps(race_here(**json.loads(line))) + "\n")
        answers.flush()


def run_alone(act: str) -> None:
    """Do one act again and again, each time as a line tells it."""
    from django.db import connection

    for line in sys.stdin:
        print(json.dumps(find(act)(**json.loads(line))), flush=True)
        connection.close()


if __name__ == "__main__":
    django.setup()
    if len(sys.argv) > 1:
        run_alone(sys.argv[1])
    else:
        start_races()
