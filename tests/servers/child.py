"""Child processes that never outlive the one that started them, and the free ports they listen on."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30


class ServerMissing(Exception):
    """A program that the tests need is not on this machine."""


class ServerFailed(Exception):
    """A throw-away server ended before it answered."""


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_program(name: str, *, beside: Sequence[Path] = ()) -> str:
    """The path of a program on PATH or in one of the folders.

    :raises ServerMissing: with the Debian package to install.
    """
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, beside)]))
    if found is None:
        raise ServerMissing(f"{name} is not installed: run `make test` as root, or install it")
    return found


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Child:
    """One running program with its log in a file."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.log = log
        self.stop_signal = stop_signal
        with log.open("ab") as out:
            self.popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=env,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                cwd=cwd,
                preexec_fn=lambda: _end_with_parent(stop_signal),  # noqa: PLW1509 - one prctl, no lock is taken
            )

    @property
    def pid(self) -> int:
        return self.popen.pid

    def wait_until(self, answers: Callable[[], bool], *, seconds_max: float = START_SECONDS_MAX) -> None:
        """Block until `answers()` is true.

        :raises ServerFailed: it ended, or took too long; the message ends with its log.
        """
        give_up_at = time.monotonic() + seconds_max
        while not answers():
            ended = self.popen.poll() is not None
            if ended or time.monotonic() > give_up_at:
                what = f"ended with {self.popen.returncode}" if ended else f"gave no answer in {seconds_max:.0f} s"
                raise ServerFailed(f"{self.popen.args!r} {what}:\n{self.tail()}")
            time.sleep(0.05)

    def tail(self, length: int = 4000) -> str:
        return self.log.read_text(errors="replace")[-length:]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.popen.kill()
        self.popen.wait()

    def stop(self) -> None:
        if self.popen.poll() is None:
            self.popen.send_signal(self.stop_signal)
            try:
                self.popen.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.kill()


def _end_with_parent(stop_signal: signal.Signals) -> None:
    """Ask Linux for the signal when the starting process dies, so that a killed test run leaves nothing behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(stop_signal))
