"""Serve the web: pages, API and sockets on Daphne. In the embedded profile also tasks and the packager, in threads.

On SIGTERM the process drains: it takes nothing new, sends its sockets away in random slices, finishes what is in flight
and exits within forty seconds.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, Protocol

from django.conf import settings
from django.core.management.base import BaseCommand

from livecommerce.health import gate

logger = logging.getLogger(__name__)

LAST_SECONDS = 38.0
_REQUEST_SECONDS = 8.0
# How long a thread keeps the interpreter from others. Python's own 5 ms are what a thread that comes back from the
# database waits behind each that computes, a dozen times for a request.
SWITCH_SECONDS = 0.001


class Runner(Protocol):
    """Something that runs beside the web server in the embedded profile."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Command(BaseCommand):
    help = "Serve pages, API and sockets until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="", help="address to listen on; all of this machine's by default")
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--web-only", action="store_true", help="no tasks and no packager in this process")

    def handle(self, *args: Any, host: str, port: int, web_only: bool, **options: Any) -> None:
        runners = [] if web_only or not settings.EMBEDDED else embedded_runners()
        serve(host=host or ("127.0.0.1" if settings.EMBEDDED else "0.0.0.0"), port=port, runners=runners)


def serve(*, host: str, port: int, runners: list[Runner], ready: Callable[[], None] = lambda: None) -> None:
    """Run the server until it is asked to end. ``ready`` is called once it listens."""
    from daphne.server import Server
    from twisted.internet import reactor

    from livecommerce.asgi import application
    from livecommerce.realtime import hub, memory

    class WebServer(Server):  # type: ignore[misc]
        """Daphne, that remembers where it listens, so that it can stop."""

        def listen_success(self, port: Any) -> None:
            self.ports = [*getattr(self, "ports", []), port]
            super().listen_success(port)

    _open_files()
    sys.setswitchinterval(SWITCH_SECONDS)
    _spare_debug_lines()
    server = WebServer(
        application,
        endpoints=[f"tcp:port={port}:interface={host}:backlog=4096"],
        signal_handlers=False,
        # A day-old socket would be closed without a code; ours end by heartbeats and draining alone.
        websocket_timeout=-1,
        websocket_connect_timeout=15,
        proxy_forwarded_address_header=None,
        server_name=settings.PRODUCT_NAME,
    )
    loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop
    chores: set[asyncio.Future[None]] = set()

    async def begin() -> None:
        chores.add(asyncio.ensure_future(memory.tidy_forever(hub.here())))
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, lambda: asyncio.ensure_future(_end(server, runners)))
        for runner in runners:
            runner.start()
        # What was made at the start lives to the end; looking through it again only stops the loop.
        gc.freeze()
        ready()

    reactor.callWhenRunning(lambda: asyncio.ensure_future(begin(), loop=loop))
    server.run()


async def _end(server: Any, runners: list[Runner]) -> None:
    from livecommerce.realtime import drain, hub

    if not gate.open:
        return
    gate.open = False
    logger.info("draining")
    threading.Timer(LAST_SECONDS, os._exit, args=[1]).start()
    try:
        for port in server.ports:
            port.stopListening()
        here = hub.here()
        await drain.close_sockets(here)
        await _requests_done(server)
        await drain.finish(here)
        for runner in runners:
            await asyncio.to_thread(runner.stop)
    finally:
        server.stop()
        threading.Thread(target=_leave, daemon=True).start()


async def _requests_done(server: Any) -> None:
    """Wait for requests that are being answered; an idle kept-alive connection has no application left."""
    from daphne.http_protocol import WebRequest

    for _ in range(round(_REQUEST_SECONDS / 0.1)):
        requests = [details for to, details in list(server.connections.items()) if isinstance(to, WebRequest)]
        running = [details.get("application_instance") for details in requests]
        if all(task is None or task.done() for task in running):
            return
        await asyncio.sleep(0.1)


def _leave() -> None:
    # A thread that does not end (a pool's worker in a slow call) must not keep the process.
    import time

    time.sleep(3.0)
    os._exit(0)


def _open_files() -> None:
    """Allow as many sockets as the system lets this process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _spare_debug_lines() -> None:
    """Autobahn words and colours debug lines for each connection and each frame, Twisted one for each request, unread.

    The options of a connection were half of what a connect costs, the coloured names a tenth of a tap in a rush.
    """
    import autobahn.twisted.websocket as frames
    from autobahn.websocket import protocol
    from twisted.web.http import HTTPFactory

    protocol.pformat = str  # type: ignore[attr-defined, assignment]
    for module in (frames, protocol):
        module.hltype = module.hlval = lambda *_, **__: ""  # type: ignore[attr-defined]
    HTTPFactory.log = lambda *_: None  # type: ignore[method-assign]


def embedded_runners() -> list[Runner]:
    """Give what the embedded profile runs beside the web server: tasks with their schedule, and the packager."""
    from livecommerce.safe_mode import picture_calls
    from streams.video.supervisor import SupervisorThread

    return [TaskThread(), SupervisorThread(picture_calls())]


class TaskThread:
    """Celery's worker and beat in two threads, on the broker in memory."""

    def __init__(self) -> None:
        from celery.beat import Scheduler, Service

        from livecommerce.celery import app

        self._worker = app.WorkController(
            app=app, pool="solo", loglevel="WARNING", without_heartbeat=True, without_mingle=True, without_gossip=True
        )
        self._beat = Service(app, scheduler_cls=Scheduler)

    def start(self) -> None:
        """Begin to take tasks and to send the periodic ones."""
        for name, target in (("tasks", self._worker.start), ("beat", self._beat.start)):
            threading.Thread(target=target, name=name, daemon=True).start()

    def stop(self) -> None:
        """Finish the running task, take no more."""
        self._beat.stop(wait=False)
        self._worker.stop()
