"""Health and figures: what the outside may ask of a process."""

import pytest
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_process_says_that_it_lives_and_that_it_is_ready(path: str) -> None:
    assert Client().get(path).status_code == 200
    assert Client().head(path).status_code == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1"])
def test_figures_are_for_private_addresses(address: str) -> None:
    assert b"python_info" in Client(REMOTE_ADDR=address).get("/metrics").content


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "", "not an address"])
def test_figures_are_for_nobody_else(address: str) -> None:
    assert Client(REMOTE_ADDR=address).get("/metrics").status_code == 403


def test_figures_are_not_given_through_a_proxy_that_we_were_not_told_of() -> None:
    answer = Client(REMOTE_ADDR="10.1.2.3").get("/metrics", headers={"X-Forwarded-For": "8.8.8.8"})

    assert answer.status_code == 403


@pytest.mark.parametrize(("forwarded", "status"), [("10.9.9.9", 200), ("10.9.9.9, 8.8.8.8", 403), ("nonsense", 403)])
def test_behind_our_own_proxy_the_address_that_it_wrote_counts(settings: Settings, forwarded: str, status: int) -> None:
    settings.TRUSTED_PROXIES = 1

    answer = Client(REMOTE_ADDR="10.1.2.3").get("/metrics", headers={"X-Forwarded-For": forwarded})

    assert answer.status_code == status
