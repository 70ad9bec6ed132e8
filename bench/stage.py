"""The bench's stage: throw-away servers, one live show, guests with tokens, and the processes that are measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.servers.child import Child, free_port, is_listening
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis

ROOT = Path(__file__).parent.parent
SHOW = "bench"
# What a drop of 15,000 units writes fills one to two of them.
_LOG_FILES = 4

_LAY_OUT = """
import json, sys
from datetime import timedelta
from django.utils import timezone
from catalog.models import Brand
from livecommerce.accounts.models import User, Visitor
from livecommerce.accounts.visitors import guest_token
from streams.models import Host
from streams.shows import go_live, schedule_show
now = timezone.now()
brand = Brand.objects.create(name="Bench", slug="bench", currency="EUR", country="NL", legal_name="Bench B.V.")
user = User.objects.create_user("bench@example.test", "opensesame", name="Bench")
host = Host.objects.create(user=user, brand=brand, handle="bench", name="Bench")
soon = now + timedelta(days=1)
show = schedule_show(brand=brand, host=host, title="Bench", slug="bench", starts_at=soon, actor=user, now=now)
go_live(show=show, actor=user, now=now, picture_needed=False)
guests = Visitor.objects.bulk_create(Visitor(created_at=now) for _ in range({guests}))
print(json.dumps([guest_token(guest.id) for guest in guests]))
"""


class Stage:
    """PostgreSQL (durable), Redis and a folder; every server that is measured starts from here."""

    def __init__(self, *, guests: int) -> None:
        self._stack = ExitStack()
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="vitrine-bench-")))
        self.postgres = self._stack.enter_context(Postgres(durable=True))
        self.redis = self._stack.enter_context(Redis())
        self.environment = {
            **os.environ,
            "DATA_DIR": str(self.folder),
            "SECRET_KEY": "only-for-the-bench-" * 3,
            "RATE_LIMITS": "off",
            "LOG_LEVEL": "WARNING",
            "DATABASE_URL": self.postgres.create_database("bench"),
            "REDIS_URL": self.redis.url,
        }
        self.tokens = self.folder / "tokens.json"
        self.manage("migrate", "--verbosity=0")
        self.tokens.write_text(self.manage("shell", "--no-imports", "-c", _LAY_OUT.replace("{guests}", str(guests))))

    def keep_log_files(self) -> None:
        """Give PostgreSQL log files to write over, as one has that has run for a while.

        One that was made a moment ago writes and syncs 16 MB of zeros whenever a file is full, and a rush waits for it.
        """
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            for _ in range(_LOG_FILES):
                connection.execute("SELECT pg_create_restore_point('bench'), pg_switch_wal()")
            connection.execute("CHECKPOINT")

    def manage(self, *arguments: str) -> str:
        """Run one management command; return the last line it printed."""
        command = [sys.executable, "manage.py", *arguments]
        ran = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise RuntimeError(ran.stdout + ran.stderr)
        return ran.stdout.strip().rpartition("\n")[2]

    @contextmanager
    def serving(self, *command: str, port: int, environment: dict[str, str] | None = None) -> Iterator[psutil.Process]:
        """Run a server until the block ends; ``{port}`` in the command is replaced."""
        child = Child(
            [part.replace("{port}", str(port)) for part in command],
            log=self.folder / "server.log",
            env={**self.environment, "PORT": str(port), **(environment or {})},
            cwd=ROOT,
        )
        try:
            child.wait_until(lambda: is_listening(port))
            yield psutil.Process(child.pid)
        finally:
            child.kill()

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Load:
    """The watchers' process, driven phase by phase."""

    def __init__(self, kind: str, url: str, *, tokens: Path | None = None, **options: object) -> None:
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        if tokens:
            arguments += ["--tokens", str(tokens)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.watchers", kind, url, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> dict[str, Any]:
        """Wait for the next line."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load side ended")
        heard: dict[str, Any] = json.loads(line)
        return heard

    def go_on(self) -> None:
        """Let it begin its next phase."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


class Watch:
    """How much of the machine went to programs that are no part of the bench: a figure is worth what this says.

    The bench is a process (this one, if none is named) and all that it started and that still runs.
    """

    def __init__(self, bench: psutil.Process | None = None) -> None:
        self._bench = bench or psutil.Process()
        self._began, self._busy, self._ours = time.monotonic(), _busy(), _seconds_of(self._bench)

    def read(self) -> dict[str, float]:
        """Return ``others``, the share of all cores that others took since."""
        seconds = (time.monotonic() - self._began) * (psutil.cpu_count() or 1)
        return {"others": max(0.0, (_busy() - self._busy) - (_seconds_of(self._bench) - self._ours)) / seconds}


def _busy() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def _seconds_of(bench: psutil.Process) -> float:
    """Add up the processors' seconds of a process and of all it started."""
    seconds = 0.0
    for one in [bench, *bench.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            seconds += sum(one.cpu_times()[:2])
    return seconds


def settle(process: psutil.Process, *, seconds_max: float = 10.0) -> None:
    """Wait until a server is quiet."""
    give_up = time.monotonic() + seconds_max
    process.cpu_percent()
    while time.monotonic() < give_up:
        time.sleep(0.5)
        if process.cpu_percent() < 8:
            return


def new_port() -> int:
    return free_port()
