"""A throw-away PostgreSQL: initialised, started and removed within one `with`."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil

from tests.servers.child import Child, find_program, free_port

DATABASE_USER = "livecommerce"
INSTALLED = Path("/usr/lib/postgresql")


class Postgres:
    """PostgreSQL on a free port. `durable=True` keeps fsync, for tests that cut the power and for benchmarks."""

    def __init__(self, *, durable: bool = False, settings: dict[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vitrine-pg-"))
        self.port = free_port()
        self.settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "fsync": "on" if durable else "off",
            "full_page_writes": "on" if durable else "off",
            "synchronous_commit": "on" if durable else "off",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            **(settings or {}),
        }
        self.user = _server_user()

    def url(self, database: str) -> str:
        return f"postgres://{DATABASE_USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        self._initialise()
        self.run()

    def run(self) -> None:
        """Start it on its existing directory: at first, and again after a test has killed it."""
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        self.child = Child(
            [self.program("postgres"), "-D", str(self.folder / "cluster"), *options],
            log=self.folder / "log.txt",
            user=self.user,
            cwd=self.folder,
            stop_signal=signal.SIGINT,
        )
        self.child.wait_until(self.answers)

    def crash(self) -> None:
        """Kill it with -9, and wait for its orphans: while one of them lives, the directory cannot be started again."""
        orphans = psutil.Process(self.child.popen.pid).children(recursive=True)
        self.child.kill()
        psutil.wait_procs(orphans, timeout=30)

    def answers(self) -> bool:
        asked = subprocess.run(
            [self.program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False, cwd=self.folder
        )
        return asked.returncode == 0

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Create a database, from a prepared one when a template is named, and return its URL."""
        subprocess.run(
            [
                *(self.program("createdb"), "-h", "127.0.0.1", "-p", str(self.port), "-U", DATABASE_USER),
                *("-T", template, name),
            ],
            check=True,
            cwd=self.folder,
        )
        return self.url(name)

    @staticmethod
    def program(name: str) -> str:
        """The path of one of PostgreSQL's own programs, of the newest version installed."""
        newest_first = sorted(INSTALLED.glob("*/bin"), key=lambda folder: -int(folder.parent.name.split(".")[0]))
        return find_program(name, beside=newest_first)

    def stop(self) -> None:
        self.child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initialise(self) -> None:
        if self.user:
            shutil.chown(self.folder, self.user)
        subprocess.run(
            [
                *(self.program("initdb"), "-D", str(self.folder / "cluster"), "-U", DATABASE_USER),
                *("-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
            cwd=self.folder,
        )

    def __enter__(self) -> "Postgres":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def _server_user() -> str | None:
    """Who runs the server: PostgreSQL refuses to run as root, so root lends it another account."""
    if os.geteuid() != 0:
        return None
    accounts = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in accounts else "nobody"
