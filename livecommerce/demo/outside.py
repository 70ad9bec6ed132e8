"""The shop from outside: what the demo's people use, which is the JSON API and the socket that everyone has.

The demo's people live in another process than the server and never touch its tables: what they do is proof that the
documented API is enough, and their news travels the way everyone's does.
"""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

PATIENCE_SECONDS = 20


class Declined(Exception):
    """The server said no, with its code and the seconds after which asking again makes sense."""

    def __init__(self, status: int, error: dict[str, Any], retry_in: float) -> None:
        super().__init__(f"{status} {error.get('code', '')}: {error.get('message', '')}")
        self.status = status
        self.code: str = error.get("code", "")
        self.retry_in = retry_in


class Outside:
    """One person's way into the API; `token` says who it is."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.rstrip("/")
        self.token = token

    async def get(self, path: str) -> Any:
        return await asyncio.to_thread(self._ask, "GET", path, None)

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        return await asyncio.to_thread(self._ask, "POST", path, body)

    async def delete(self, path: str) -> Any:
        return await asyncio.to_thread(self._ask, "DELETE", path, None)

    async def text(self, path: str) -> str:
        """Return a page that is not JSON, such as a playlist; empty while there is none."""
        return await asyncio.to_thread(self._read_text, path)

    def socket_url(self, slug: str) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/ws/shows/{slug}/?visitor={self.token}"

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        """:raises Declined: the server refused; :raises OSError: it cannot be reached."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json", **self._who()},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as refused:
            raise _declined(refused) from refused

    def _read_text(self, path: str) -> str:
        try:
            with urllib.request.urlopen(f"{self.url}/{path}", timeout=PATIENCE_SECONDS) as answer:
                text: bytes = answer.read()
                return text.decode()
        except urllib.error.HTTPError:
            return ""

    def _who(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def _declined(refused: urllib.error.HTTPError) -> Declined:
    try:
        error = json.loads(refused.read()).get("error", {})
    except ValueError:
        error = {}
    return Declined(refused.code, error, float(refused.headers.get("Retry-After") or 1))
