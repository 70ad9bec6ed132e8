"""Real web processes for the realtime tests, on throw-away PostgreSQL and Redis, nginx before them, and clients."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from bench.stage import Stage
from tests.servers.child import Child, find_program, free_port, is_listening

ROOT = Path(__file__).parent.parent.parent
SBIN = [Path("/usr/sbin"), Path("/usr/local/sbin")]


class House:
    """Web processes behind nginx, as in production; ``limits`` says of each whether it limits rates."""

    def __init__(self, *, guests: int = 200, limits: tuple[str, ...] = ("off", "off")) -> None:
        self.stage = Stage(guests=guests)
        self.tokens: list[str] = json.loads(self.stage.tokens.read_text())
        self.front = free_port()
        self.ports = [free_port() for _ in limits]
        self.environment = {
            **self.stage.environment,
            "PUBLIC_URL": f"http://127.0.0.1:{self.front}",
        }
        self.limits = dict(zip(self.ports, limits, strict=True))
        self.web = [self.serve(port) for port in self.ports]
        for port, child in zip(self.ports, self.web, strict=True):
            child.wait_until(lambda port=port: is_listening(port))  # type: ignore[misc]
        self.nginx = self._nginx()

    def serve(self, port: int) -> Child:
        """Start a web process."""
        command = [sys.executable, "manage.py", "serve", "--web-only", "--host", "127.0.0.1", "--port", str(port)]
        environment = {**self.environment, "RATE_LIMITS": self.limits[port]}
        return Child(command, log=self.stage.folder / f"web-{port}.log", env=environment, cwd=ROOT)

    async def restart(self, number: int, *, seconds: float) -> int | None:
        """Let a process drain and start it again; return how it ended."""
        self.web[number].popen.terminate()
        await until(lambda: self.web[number].popen.poll() is not None, seconds=seconds, what="it did not end")
        ended = self.web[number].popen.returncode
        self.web[number] = self.serve(self.ports[number])
        await asyncio.to_thread(self.web[number].wait_until, lambda: is_listening(self.ports[number]))
        return ended

    def _nginx(self) -> Child:
        folder = Path(tempfile.mkdtemp(prefix="vitrine-nginx-", dir=self.stage.folder))
        config = (ROOT / "deploy" / "nginx.conf").read_text()
        servers = "\n".join(f"server 127.0.0.1:{port} max_fails=2 fail_timeout=2s;" for port in self.ports)
        for before, after in (
            ("server web:8000 max_fails=2 fail_timeout=2s;", servers),
            ("listen 80 backlog=4096;", f"listen 127.0.0.1:{self.front};"),
            ("/tmp/nginx", str(folder / "nginx")),
            ("include mime.types;", "include /etc/nginx/mime.types;"),
            ("worker_rlimit_nofile 65536;", "daemon off;"),
            ("worker_connections 32768;", "worker_connections 4096;"),
        ):
            assert before in config, before
            config = config.replace(before, after)
        (folder / "nginx.conf").write_text(config)
        command = [find_program("nginx", beside=SBIN), "-c", str(folder / "nginx.conf"), "-p", str(folder)]
        child = Child(command, log=folder / "log.txt")
        child.wait_until(lambda: is_listening(self.front))
        return child

    def log(self) -> str:
        return "\n".join(child.tail(3000) for child in self.web)

    def close(self) -> None:
        self.nginx.stop()
        for child in self.web:
            child.kill()
        self.stage.close()


class Viewer:
    """One viewer with the rules of the browser's client, told in Python: resume, gaps, polling left out."""

    def __init__(self, url: str, token: str) -> None:
        self.url = f"{url}?visitor={token}"
        self.socket: ClientConnection | None = None
        self.epoch, self.seq = "", 0
        self.screen: list[dict[str, Any]] = []
        self.state: dict[str, list[Any]] = {}
        self.replies: dict[str, dict[str, Any]] = {}
        self.closes: list[int] = []
        self.resets = 0
        self._living = asyncio.create_task(self._live())

    async def _live(self) -> None:
        while True:
            try:
                async with websockets.connect(self.url, open_timeout=5, close_timeout=1) as self.socket:
                    beat = asyncio.create_task(self._beat())
                    try:
                        async for text in self.socket:
                            await self._hear(json.loads(text))
                    finally:
                        beat.cancel()
                    self.closes.append(self.socket.close_code or 1006)
            except (OSError, websockets.WebSocketException, TimeoutError) as error:
                if isinstance(error, websockets.ConnectionClosed):
                    self.closes.append(error.rcvd.code if error.rcvd else 1006)
            await asyncio.sleep(0.2 + 0.01 * (id(self) % 30))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(3)
            await self.say({"type": "beat", "seq": self.seq})

    async def _hear(self, message: dict[str, Any]) -> None:
        if "reply" in message:
            self.replies[message["reply"]] = message
        elif whole := message.get("welcome") or message.get("snapshot"):
            first = whole["seq"] - len(whole["recent"]) + 1
            if whole["epoch"] == self.epoch and self.seq + 1 >= first:
                self._follow(whole["recent"], whole["seq"])
                self._apply(whole["state"])
            elif "welcome" in message and whole["epoch"] == self.epoch:
                await self.say({"type": "hello", "epoch": self.epoch, "seq": self.seq})
            else:
                self.resets += 1
                self.epoch, self.seq, self.screen, self.state = whole["epoch"], whole["seq"], whole["recent"], {}
                self._apply(whole["state"])
        elif news := message.get("resumed") or ("events" in message and message):
            if news["from"] > self.seq + 1:
                await self.say({"type": "hello", "epoch": self.epoch, "seq": self.seq})
            else:
                self._follow(news["events"], news["to"])
            self._apply(news["state"])

    def _follow(self, events: list[dict[str, Any]], to: int) -> None:
        self.screen += [event for event in events if event["seq"] > self.seq]
        self.seq = max(self.seq, to)

    def _apply(self, state: dict[str, list[Any]]) -> None:
        for key, entry in state.items():
            if entry[0] > self.state.get(key, [-1])[0]:
                self.state[key] = entry

    async def say(self, frame: dict[str, Any]) -> None:
        if self.socket is not None:
            with suppress(websockets.ConnectionClosed):
                await self.socket.send(json.dumps(frame))

    async def post(self, name: str) -> dict[str, Any]:
        """Post until it is acknowledged, as the browser does: the key makes it one message."""
        while name not in self.replies:
            await self.say({"type": "message.post", "id": name, "text": name, "key": name})
            for _ in range(20):
                if name in self.replies:
                    break
                await asyncio.sleep(0.1)
        return self.replies[name]

    def seqs(self) -> list[int]:
        return [event["seq"] for event in self.screen]

    def texts(self) -> list[str]:
        return [event["text"] for event in self.screen if event["type"] == "message.posted"]

    async def leave(self) -> None:
        self._living.cancel()
        with suppress(asyncio.CancelledError):
            await self._living


async def until(fact: Callable[[], Any], *, seconds: float, what: str = "it did not happen") -> float:
    """Wait for something; return how many seconds it took."""
    began = time.monotonic()
    while not fact():
        assert time.monotonic() - began < seconds, what
        await asyncio.sleep(0.02)
    return time.monotonic() - began


def resident_kb(pid: int) -> int:
    """How much memory a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def signal_child(child: Child, number: int) -> None:
    """Send a signal to one of our own children."""
    subprocess.run(["kill", f"-{number}", str(child.pid)], check=True)
