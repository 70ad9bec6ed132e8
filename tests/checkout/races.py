"""A race: processes of their own, ready at the line, started together on the database of the test."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).parent.parent.parent


def race(act: str, *, processes: int, **told: Any) -> list[Any]:
    """Run `tests.checkout.racers.<act>` in several processes at once; return what each said (None: it died)."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.checkout.racers", act],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    for me, racer in enumerate(racers):
        _say(racer, json.dumps({"me": me, **told}))
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "ready\n", racer.communicate()[1]
    for racer in racers:
        _say(racer, "go")
    outcomes = [racer.communicate(timeout=120) for racer in racers]
    lost = [errors for racer, (_, errors) in zip(racers, outcomes, strict=True) if racer.returncode not in {0, 9}]
    assert not lost, lost[0]
    return [json.loads(out) if out.strip() else None for out, _ in outcomes]


def environment() -> dict[str, str]:
    """What a process needs to work on the database of this test."""
    database = connection.settings_dict
    if connection.vendor == "postgresql":
        place = f"{database['USER']}@{database['HOST']}:{database['PORT']}"
        url = f"postgres://{place}/{database['NAME']}"
    else:
        url = f"sqlite:///{database['NAME']}"
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "livecommerce.settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": url,
        "LOG_LEVEL": "ERROR",
        # Static files as they lie there: nothing was collected for a test.
        "DEBUG": "true",
    }


def _say(racer: subprocess.Popen[str], line: str) -> None:
    assert racer.stdin
    racer.stdin.write(line + "\n")
    racer.stdin.flush()
