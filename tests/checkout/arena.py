"""The arena of the crash tests: servers of its own, one shop, and processes that rush to it. Anything may be killed."""

import json
import os
import subprocess
import sys
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

    def begin(self, act: str, *more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.checkout.starting_line", act, *more],
            cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    @cached_property
    def clerk(self) -> subprocess.Popen[str]:
        """A process that lays out and looks up, once for all runs."""
        return self.begin("run", "--more")

    def run(self, code: str) -> Any:
        let_go(self.clerk, {"code": code})
        assert self.clerk.stdout
        return json.loads(self.clerk.stdout.readline())

    def new_rush(self) -> dict[str, Any]:
        return self.run(NEW_RUSH.replace("{units}", str(UNITS)).replace("{buyers}", str(BUYERS)))

    def racer(self, told: dict[str, Any]) -> subprocess.Popen[str]:
        """Start a process that taps for everybody."""
        racer = self.begin("misfortunes.rush")
        let_go(racer, told)
        return racer

    def held(self, drop: int) -> dict[str, int]:
        return self.run(HELD.replace("{drop}", str(drop)))

    def audit(self) -> list[str]:
        """Say what is wrong in the books."""
        return self.run(AUDIT)

    def close(self) -> None:
        self.clerk.kill()
        self.clerk.communicate()

    def check(self, drop: int, acknowledged: dict[str, int]) -> None:
        held = self.held(drop)
        assert acknowledged.items() <= held.items(), "an acknowledged hold is gone or another one"
        assert len(held) == UNITS
        assert self.audit() == []


def let_go(racer: subprocess.Popen[str], told: dict[str, Any]) -> None:
    """Give a process its task and wait until it is on its way."""
    assert racer.stdin
    assert racer.stdout
    racer.stdin.write(json.dumps({"me": 0, **told}) + "\ngo\n")
    racer.stdin.flush()
    assert racer.stdout.readline() == "ready\n"


def acknowledged_by(racer: subprocess.Popen[str]) -> dict[str, int]:
    out, _ = racer.communicate(timeout=120)
    whole = [line for line in out.splitlines() if line.startswith("{") and line.endswith("}")]
    return {buyer: hold for line in whole for buyer, hold in json.loads(line).items()}
