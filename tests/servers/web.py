"""The product itself as a throw-away server: `manage.py serve` with a database and files of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from tests.servers.child import Child, free_port
from tests.servers.postgres import Postgres

ROOT = Path(__file__).parent.parent.parent
READY_SECONDS_MAX = 120


class Shop:
    """One installation on a free port. `prepare()` once, then `copy()` as often as tests need a fresh one."""

    def __init__(
        self, *, postgres: Postgres | None = None, redis_url: str = "", environment: dict[str, str] | None = None
    ):
        self.folder = Path(tempfile.mkdtemp(prefix="vitrine-shop-"))
        self.port = free_port()
        self.postgres = postgres
        self.database = f"shop_{self.port}"
        self.child: Child | None = None
        self.beside: list[Child] = []
        self.environment = {
            **os.environ,
            "DATA_DIR": str(self.folder),
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            "INGEST_PORT": str(free_port()),
            "EMAIL_URL": f"file://{self.folder}/mail",
        }
        self.environment.pop("DATABASE_URL", None)
        self.environment.pop("REDIS_URL", None)
        if postgres:
            self.environment |= {"DATABASE_URL": postgres.url(self.database), "REDIS_URL": redis_url}
        self.redis_url = redis_url

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.child, "not running"
        return self.child.pid

    def manage(self, *arguments: str, code: str = "") -> str:
        """Run a management command in this installation and return what it printed."""
        ran = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            input=code,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, f"manage.py {' '.join(arguments)}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    def shell(self, code: str) -> str:
        """Run Python inside this installation: for what a test cannot do from outside."""
        return self.manage("shell", "--no-imports", "-c", code)

    def prepare(self, *, demo: bool = True) -> None:
        """Lay an empty installation out; with `demo` also the demo shop's people, products and shows."""
        if self.postgres:
            self.postgres.create_database(self.database)
        if demo:
            self.manage("demo", "--prepare-only")
        else:
            self.manage("migrate", "--verbosity=0")
            self.manage("collectstatic", "--noinput", "--verbosity=0")

    def copy(self) -> "Shop":
        """Return a fresh installation with the same rows and files as this one, which must not be running."""
        twin = Shop(postgres=self.postgres, redis_url=self.redis_url)
        shutil.rmtree(twin.folder)
        shutil.copytree(self.folder, twin.folder)
        if self.postgres:
            self.postgres.create_database(twin.database, template=self.database)
        return twin

    def start(self, command: str = "serve", *, wait: bool = True) -> None:
        """Start it, or start it again after a stop or a kill."""
        self.child = self._begin("manage.py", command)
        if self.postgres and command == "serve":
            # What the embedded profile does in the web server's own threads.
            worker = ("worker", "--beat", "--concurrency=1", "--loglevel=WARNING", f"--schedule={self.folder}/beat")
            self.beside = [
                self._begin("manage.py", "packager"),
                self._begin("-m", "celery", "-A", "livecommerce", *worker),
            ]
        if wait:
            self.child.wait_until(self.answers, seconds_max=READY_SECONDS_MAX)

    def _begin(self, *command: str) -> Child:
        return Child([sys.executable, *command], log=self.folder / "log.txt", env=self.environment, cwd=ROOT)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def snapshot(self, slug: str) -> dict[str, object]:
        with urllib.request.urlopen(f"{self.url}/api/v1/shows/{slug}/snapshot", timeout=10) as answer:
            document: dict[str, object] = json.load(answer)
            return document

    def log(self) -> str:
        return self.child.tail(20_000) if self.child else ""

    def kill(self) -> None:
        if self.child:
            self.child.kill()

    def stop(self) -> None:
        for child in (self.child, *self.beside):
            if child:
                child.stop()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
