"""`manage.py demo`: the whole shop with a live show, from nothing, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from livecommerce.demo import story
from livecommerce.demo.crowd import Talk, gather_crowd
from livecommerce.demo.director import NoPicture, begin_selling, open_the_show, run_the_show
from livecommerce.demo.outside import Declined, Outside
from livecommerce.demo.replays import film_past_shows
from livecommerce.demo.seed import crowd_email, keys_of, seed_demo
from streams.models import Show
from streams.video.ingest import stream_key

WEB_SECONDS_MAX = 60
END_SECONDS_MAX = 45


class Command(BaseCommand):
    help = "Lay out the demo shop, serve it, and keep a show live in it until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--prepare-only", action="store_true", help="Lay the demo out and stop.")
        parser.add_argument("--no-crowd", action="store_true", help="A show without made-up viewers.")

    def handle(self, *args: Any, **options: Any) -> None:
        self._prepare()
        if options["prepare_only"]:
            return
        show = Show.objects.get(slug=story.LIVE)
        # The address has to be known before the server opens its door for encoders.
        os.environ.setdefault("INGEST_PORT", str(_free_port()))
        # A dozen people who buy all evening would fill the console with their receipts.
        os.environ.setdefault("EMAIL_URL", f"file://{settings.DATA_DIR}/mail")
        publish_to = f"rtmp://127.0.0.1:{os.environ['INGEST_PORT']}/live/{stream_key(show)}"
        size = 0 if options["no_crowd"] else len(story.CROWD)
        emails = [crowd_email(number) for number in range(1, size + 1)]
        keys = keys_of([story.HOST, story.TEAM, *emails], now=timezone.now())
        self.host, self.team = (Outside(_local_url(), keys[email]) for email in (story.HOST, story.TEAM))
        crowd = [(name, Outside(_local_url(), keys[email])) for name, email in zip(story.CROWD, emails, strict=False)]
        connections.close_all()
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            asyncio.run(self._run(publish_to, crowd))

    def _prepare(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        stamp, fingerprint = Path(settings.STATIC_ROOT) / ".collected", _static_fingerprint()
        if not stamp.is_file() or stamp.read_text() != fingerprint:
            self.stdout.write("collecting static files …")
            call_command("collectstatic", verbosity=0, interactive=False)
            stamp.write_text(fingerprint)
        seed_demo(now=timezone.now())

    async def _run(self, publish_to: str, crowd: list[tuple[str, Outside]]) -> None:
        """Start the server and the broadcaster, run the show, and end everything when asked to."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
        children = [await _start(*command) for command in _servers()]
        try:
            await _web_answers(children[0], stop)
            children.append(await _start("-m", "livecommerce.demo.broadcaster", publish_to))
            people: list[asyncio.Task[Any]] = [asyncio.create_task(self._show(crowd)), asyncio.create_task(stop.wait())]
            people += [asyncio.create_task(child.wait()) for child in children]
            ended, running = await asyncio.wait(people, return_when=asyncio.FIRST_COMPLETED)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            for task in ended:
                task.result()
            if not stop.is_set():
                raise CommandError("a part of the demo ended by itself; its last words stand above")
        finally:
            # The encoder first: a server that ends before it would lose a picture and pause its show.
            for child in reversed(children):
                await _end(child)

    async def _show(self, crowd: list[tuple[str, Outside]]) -> None:
        host = self.host
        try:
            await open_the_show(host, slug=story.LIVE)
        except NoPicture as missing:
            raise CommandError(str(missing)) from missing
        with contextlib.suppress(Declined):
            await begin_selling(host, slug=story.LIVE)
        self.stdout.write(f"ready {_local_url()}/")
        self.stdout.flush()
        # Only a first start has replays to film, and visitors come first.
        threading.Thread(target=film_past_shows, name="film", daemon=True).start()
        talk = Talk({"host": host, "team": self.team}, slug=story.LIVE)
        await asyncio.gather(run_the_show(host, slug=story.LIVE), gather_crowd(crowd, talk))


def _servers() -> list[tuple[str, ...]]:
    """The web server, and beside it what it does itself in the embedded profile."""
    web = ("manage.py", "serve")
    if settings.EMBEDDED:
        return [web]
    worker = ("-m", "celery", "-A", "livecommerce", "worker", "--beat", "--concurrency=1", "--loglevel=WARNING")
    schedule = f"--schedule={settings.DATA_DIR / 'beat'}"
    return [web, ("manage.py", "packager"), (*worker, schedule)]


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    """Start a child in a group of its own: Ctrl-C reaches us alone, and we end the children in order."""
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=settings.BASE_DIR, start_new_session=True
    )


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), END_SECONDS_MAX)
    except TimeoutError:
        child.kill()
        await child.wait()


async def _web_answers(web: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
    """:raises CommandError: the server ended, or does not answer."""
    shop = Outside(_local_url())
    for _ in range(WEB_SECONDS_MAX * 5):
        if stop.is_set() or web.returncode is not None:
            break
        with contextlib.suppress(OSError):
            if await shop.text("readyz"):
                return
        await asyncio.sleep(0.2)
    if not stop.is_set():
        raise CommandError(
            f"the server does not answer on port {settings.PORT}; is the port taken? (PORT=8123 make demo)"
        )


def _local_url() -> str:
    return f"http://127.0.0.1:{settings.PORT}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _static_fingerprint() -> str:
    """Change whenever a static file of ours or a lock file does; only then are files collected again."""
    root = settings.BASE_DIR
    found = [*sorted((root / "static").rglob("*")), root / "uv.lock", root / "package-lock.json"]
    facts = [f"{path}:{path.stat().st_mtime_ns}:{path.stat().st_size}" for path in found if path.is_file()]
    return sha256("\n".join(facts).encode()).hexdigest()
