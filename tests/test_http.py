"""How a request is answered: plain views in one thread that stays, files and film on the loop."""

import threading
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from livecommerce.http import Site


def where(request: HttpRequest) -> HttpResponse:
    request.session  # noqa: B018 - the middleware ran
    return HttpResponse(threading.current_thread().name)


async def film(request: HttpRequest) -> HttpResponse:
    return HttpResponse(threading.current_thread().name)


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError


urlpatterns = [path("where", where), path("live/film", film), path("broken", broken)]
handler500 = "tests.test_http.words_for_500"


def words_for_500(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sorry", status=500)


async def ask(handler: Site, address: str) -> tuple[int, dict[str, str], bytes]:
    scope: dict[str, Any] = {
        **{"type": "http", "method": "GET", "path": address, "query_string": b"", "headers": [(b"host", b"localhost")]},
        **{"server": ("localhost", 80), "client": ("127.0.0.1", 1234)},
    }
    there = ApplicationCommunicator(handler, scope)
    await there.send_input({"type": "http.request", "body": b""})
    start = await there.receive_output(5)
    body, more = b"", True
    while more:
        part = await there.receive_output(5)
        body, more = body + part.get("body", b""), part.get("more_body", False)
    await there.wait(5)
    return start["status"], {name.decode().lower(): value.decode() for name, value in start["headers"]}, body


@override_settings(ROOT_URLCONF="tests.test_http")
async def test_a_plain_view_is_answered_in_a_thread_that_stays() -> None:
    handler = Site()

    status, headers, first = await ask(handler, "/where")
    _, _, second = await ask(handler, "/where")

    assert status == 200
    assert headers["x-frame-options"] == "DENY"
    assert first == second == b"request_0"


@override_settings(ROOT_URLCONF="tests.test_http")
async def test_film_is_answered_on_the_loop() -> None:
    _, _, body = await ask(Site(), "/live/film")

    assert body == threading.current_thread().name.encode()


async def test_a_file_carries_no_headers_of_pages() -> None:
    status, headers, body = await ask(Site(), "/static/js/show.js")

    assert status == 200
    assert b"show-socket" in body
    assert "x-frame-options" not in headers


@pytest.mark.django_db
async def test_a_missing_file_is_a_page_that_says_so() -> None:
    status, headers, _ = await ask(Site(), "/static/js/none.js")

    assert status == 404
    assert "x-frame-options" in headers


@override_settings(ROOT_URLCONF="tests.test_http")
async def test_a_view_that_breaks_is_answered_in_words() -> None:
    status, _, body = await ask(Site(), "/broken")

    assert (status, body) == (500, b"sorry")
