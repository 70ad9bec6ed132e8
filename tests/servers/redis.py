"""A throw-away Redis that keeps nothing on disk."""

import shutil
import tempfile
from pathlib import Path

from tests.servers.child import Child, find_program, free_port, is_listening


class Redis:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vitrine-redis-"))
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, or start it again after a test has killed it: everything it held is lost."""
        self.child = Child(
            [
                *(find_program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
            ],
            log=self.folder / "log.txt",
        )
        self.child.wait_until(lambda: is_listening(self.port))

    def stop(self) -> None:
        self.child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Redis":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
