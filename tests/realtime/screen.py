"""A client on one socket of the application, without a server."""

from collections.abc import Awaitable, Callable
from typing import Any

from channels.testing import WebsocketCommunicator

from livecommerce.asgi import application


class Screen:
    """A client on one socket, that reads frames by what they carry."""

    def __init__(self, slug: str, *, token: str = "", headers: list[tuple[bytes, bytes]] | None = None) -> None:
        query = f"?visitor={token}" if token else ""
        self.wire = WebsocketCommunicator(application, f"/ws/shows/{slug}/{query}", headers=headers or [])
        self.passed: list[dict[str, Any]] = []

    async def enter(self) -> dict[str, Any]:
        connected, _ = await self.wire.connect(timeout=5)
        assert connected
        return await self.hears("welcome")

    async def says(self, **frame: Any) -> None:
        await self.wire.send_json_to(frame)

    async def asks(self, **frame: Any) -> dict[str, Any]:
        await self.says(**frame)
        while True:
            message = await self.wire.receive_json_from(timeout=5)
            if message.get("reply", 0) == frame.get("id"):
                found: dict[str, Any] = message
                return found
            self.passed.append(message)

    async def hears(self, key: str) -> dict[str, Any]:
        for message in self.passed:
            if key in message:
                self.passed.remove(message)
                return message
        while True:
            message = await self.wire.receive_json_from(timeout=5)
            if key in message:
                found: dict[str, Any] = message
                return found
            self.passed.append(message)

    async def hears_event(self, kind: str) -> dict[str, Any]:
        while True:
            frame = await self.hears("events")
            for event in frame["events"]:
                if event["type"] == kind:
                    found: dict[str, Any] = event
                    return found

    async def is_closed(self) -> tuple[int, dict[str, Any]]:
        last: dict[str, Any] = {}
        while True:
            message = await self.wire.receive_output(timeout=5)
            if message["type"] == "websocket.close":
                return message["code"], last
            last = message


type Enter = Callable[..., Awaitable[Screen]]
