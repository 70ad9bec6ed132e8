"""The arena of the crash tests: servers of its own, one shop, and processes that rush to it. Anything may be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.servers.postgres import Postgres

ROOT = Path(__file__).parent.parent.parent
SEEDS = range(20)
UNITS, BUYERS = 120, 160

LAY_OUT = """
from datetime import timedelta
from catalog.models import Brand
from catalog.products import ProductDraft, VariantDraft, list_product
from livecommerce.accounts.models import User
from livecommerce.clock import database_now
from livecommerce.money import Money
from streams.models import Host
from streams.shows import go_live, schedule_show
now = database_now()
brand = Brand.objects.create(name="Kiln", slug="kiln", currency="EUR", country="NL", legal_name="Kiln B.V.")
user = User.objects.create_user("noor@example.test", "opensesame", name="Noor")
host = Host.objects.create(user=user, brand=brand, handle="noor", name="Noor")
show = schedule_show(brand=brand, host=host, title="Crash", slug="crash", starts_at=now, actor=user, now=now)
go_live(show=show, actor=user, now=now, picture_needed=False)
cup = VariantDraft(sku="CUP", price=Money(2800, "EUR"), units=100_000)
list_product(brand=brand, draft=ProductDraft(name="Cup", slug="cup", variants=[cup]), actor=user, now=now)
result = None
"""

NEW_RUSH = """
from datetime import timedelta
from catalog.models import Variant
from livecommerce.accounts.models import Visitor
from livecommerce.clock import database_now
from livecommerce.money import Money
from streams.drops import announce_drop, close_drop
from streams.models import Drop, Show
now = database_now()
for drop in Drop.objects.running():
    close_drop(drop=drop, now=now)
drop = announce_drop(
    show=Show.objects.get(), items=[(Variant.objects.get(), {units})], price=Money(2100, "EUR"), per_buyer=1,
    opens_in=0, window=600, actor=None, now=now - timedelta(seconds=30),
)
people = Visitor.objects.bulk_create(Visitor() for _ in range({buyers}))
result = {"drop": drop.pk, "buyers": [str(one.pk) for one in people]}
"""

HELD = """
from checkout.models import Hold
holds = Hold.objects.open().filter(drop={drop})
result = {str(buyer): hold for hold, buyer in holds.values_list("pk", "buyer")}
"""
AUDIT = """
from checkout.audit import breaches
result = list(breaches())
"""


class Arena:
    """A durable PostgreSQL with one shop, and processes that work on it."""

    def __init__(self, postgres: Postgres, folder: str) -> None:
        self.postgres = postgres
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "livecommerce.settings",
            "DATA_DIR": folder,
            "SECRET_KEY": "only-for-this-test-" * 3,
            "DATABASE_URL": postgres.create_database("arena"),
            "DEBUG": "true",
            "LOG_LEVEL": "CRITICAL",
        }

    def migrate(self) -> None:
        command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        ran = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr

    def begin(self, *act: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.checkout.starting_line", *act],
            cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    @cached_property
    def clerk(self) -> subprocess.Popen[str]:
        """A process that lays out and looks up, once for all runs."""
        return self.begin("run")

    @cached_property
    def line(self) -> subprocess.Popen[str]:
        """The process that forks those who rush."""
        return self.begin()

    def run(self, code: str) -> Any:
        say(self.clerk, {"me": 0, "code": code})
        return hear(self.clerk)

    def new_rush(self) -> dict[str, Any]:
        return self.run(NEW_RUSH.replace("{units}", str(UNITS)).replace("{buyers}", str(BUYERS)))

    def racer(self, told: dict[str, Any]) -> Racer:
        """Start a process that taps for everybody."""
        return Racer(self.line, told)

    def held(self, drop: int) -> dict[str, int]:
        return self.run(HELD.replace("{drop}", str(drop)))

    def audit(self) -> list[str]:
        """Say what is wrong in the books."""
        return self.run(AUDIT)

    def close(self) -> None:
        for name in {"clerk", "line"} & set(self.__dict__):
            getattr(self, name).communicate()

    def check(self, drop: int, acknowledged: dict[str, int]) -> None:
        held = self.held(drop)
        assert acknowledged.items() <= held.items(), "an acknowledged hold is gone or another one"
        assert len(held) == UNITS
        assert self.audit() == []


class Racer:
    """One process in a rush of its own; it writes down each hold that it was promised, at once."""

    def __init__(self, line: subprocess.Popen[str], told: dict[str, Any]) -> None:
        self._line = line
        self._folder = tempfile.TemporaryDirectory(prefix="vitrine-rush-")
        say(line, {"act": "misfortunes.rush", "processes": 1, "told": told, "folder": self._folder.name})
        pid = Path(self._folder.name) / "pid-0"
        while not (pid.exists() and pid.read_text().endswith("\n")):
            time.sleep(0.001)
        self._pid = int(pid.read_text())

    def wait_until_promised(self, batches: int) -> None:
        """Wait until that many of its batches have been answered."""
        said = Path(self._folder.name) / "said-0"
        while said.read_text().count("\n") < batches:
            time.sleep(0.001)

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)

    def acknowledged(self) -> dict[str, int]:
        """Wait for its end; return what it was promised."""
        (end,) = hear(self._line)
        self._folder.cleanup()
        assert end["code"] in {0, -signal.SIGKILL}, end["wrong"]
        whole = [line for line in end["said"].splitlines() if line.startswith("{") and line.endswith("}")]
        return {buyer: hold for line in whole for buyer, hold in json.loads(line).items()}


def say(process: subprocess.Popen[str], told: dict[str, Any]) -> None:
    assert process.stdin
    process.stdin.write(json.dumps(told) + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> Any:
    assert process.stdout
    return json.loads(process.stdout.readline())
