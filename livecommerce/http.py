"""HTTP: a request is answered in one thread, from the first middleware to the last; files and film stay on the loop.

Django's own handler goes between the loop and threads some five times for a view that is a plain function (signals,
middleware, view, closing), and starts a thread for each request. In a rush each of these ways waits for its turn among
the threads of the process, which took longer than the view. Here it is one way there and back, in threads that stay.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from typing import IO, Any

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix
from servestatic.middleware import ServeStaticMiddleware

# Players wait there for the next segment by the thousand: coroutines, which Django's own handler runs.
FILM = "/live/"
# Most of them wait for a batch, and have given their database connection back meanwhile.
_THREADS = 64


class Site(ASGIHandler):
    """Django as an ASGI application."""

    def __init__(self) -> None:
        super().__init__()
        # Before all middleware, whose headers are for pages and would be the larger part of a small file.
        self._files = ServeStaticMiddleware(super().get_response_async)
        self._on_the_loop = (FILM, settings.STATIC_URL)
        self._plain = BaseHandler()
        self._plain.load_middleware(is_async=False)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="request")

    async def handle(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["path"].startswith(self._on_the_loop):
            await super().handle(scope, receive, send)
            return
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body):
            response = await self._in_thread(self._answer, scope, body)
            try:
                await self.send_response(response, send)
            finally:
                if response.streaming:
                    await self._in_thread(response.close)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Give a file, or what a coroutine answers."""
        response: HttpResponseBase = await self._files(request)
        return response

    async def _in_thread(self, verb: Any, *args: Any) -> Any:
        # A context of its own: what one request leaves behind in a thread is not there for the next.
        return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, verb, *args)

    def _answer(self, scope: dict[str, Any], body: IO[bytes]) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, body)
        response = self._plain.get_response(request) if request else refused
        assert response
        if not response.streaming:
            # All of it is there; its database connection goes back before a slow client has read it.
            response.close()
        return response
