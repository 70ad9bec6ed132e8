"""ASGI: HTTP to Django, websockets to the show's socket and the host's camera."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "livecommerce.settings")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 (Django is set up first)
from django.urls import path, re_path  # noqa: E402

from livecommerce.socket import show_socket  # noqa: E402


async def nothing_here(scope, receive, send):  # type: ignore[no-untyped-def]
    """Refuse a websocket at an address that has none."""
    await receive()
    await send({"type": "websocket.close", "code": 1000})


application = ProtocolTypeRouter(
    {"http": http, "websocket": URLRouter([path("ws/shows/<slug:slug>/", show_socket), re_path(r"", nothing_here)])}
)
