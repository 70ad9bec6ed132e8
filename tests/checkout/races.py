"""A race: processes of their own, ready at the line, started together on the database of the test."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import Model

ROOT = Path(__file__).parent.parent.parent


def race(act: str, *, processes: int, **told: Any) -> list[Any]:
    """Run `tests.checkout.racers.<act>` in several processes at once; return what each said (None: it died)."""
    with tempfile.TemporaryDirectory(prefix="vitrine-race-") as folder:
        asked = {"act": act, "processes": processes, "told": told, "folder": folder}
        outcomes = json.loads(_ask(starting_line(connection.settings_dict["NAME"]), json.dumps(asked)))
    lost = [one["wrong"] or one for one in outcomes if one["code"] not in {0, 9}]
    assert not lost, lost[0]
    return [json.loads(one["said"]) if one["said"].strip() else None for one in outcomes]


@cache
def starting_line(_: str) -> subprocess.Popen[str]:
    """The process that forks racers, one for each database."""
    line = subprocess.Popen(
        [sys.executable, "-m", "tests.checkout.starting_line"],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(line.communicate)
    return line


def _ask(line: subprocess.Popen[str], asked: str) -> str:
    assert line.stdin
    assert line.stdout
    line.stdin.write(asked + "\n")
    line.stdin.flush()
    answer = line.stdout.readline()
    assert answer, "the starting line is gone"
    return answer


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
        "EMAIL_URL": f"file://{settings.DATA_DIR}/racers-mail",
        # Static files as they lie there: nothing was collected for a test.
        "DEBUG": "true",
    }


@contextmanager
def without_constraint(model: type[Model], name: str) -> Generator[None]:
    """Take a constraint out of the database, for a negative control; all rows are forgotten before it comes back."""
    (constraint,) = [one for one in model._meta.constraints if one.name == name]
    others = [one for one in model._meta.constraints if one is not constraint]
    # SQLite makes the table anew, by what the model says.
    model._meta.constraints = others
    with connection.schema_editor() as editor:
        editor.remove_constraint(model, constraint)
    try:
        yield
    finally:
        forget()
        model._meta.constraints = [*others, constraint]
        with connection.schema_editor() as editor:
            editor.add_constraint(model, constraint)


def forget() -> None:
    """Take away what a control broke on purpose, so that the books of the test end in balance."""
    call_command("flush", verbosity=0, interactive=False)
