"""ASGI: HTTP to Django, websockets to the show's socket and the host's camera."""

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "livecommerce.settings")
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 (Django is set up first)
from django.urls import path  # noqa: E402

from livecommerce.http import Site  # noqa: E402
from livecommerce.socket import show_socket  # noqa: E402


async def nothing_here(scope: Any, receive: Any, send: Any) -> None:
    """Refuse a websocket at an address that has none."""
    await receive()
    await send({"type": "websocket.close", "code": 1000})


sockets: list[tuple[Any, Any]] = [("ws/shows/<slug:slug>/", show_socket), ("<path:rest>", nothing_here)]
application = ProtocolTypeRouter(
    {"http": Site(), "websocket": URLRouter([path(address, serve) for address, serve in sockets])}
)
