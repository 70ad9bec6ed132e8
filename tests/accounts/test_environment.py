"""The environment: a malformed value stops the start with one line that names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def start(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import livecommerce.settings"]
    clean = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    return subprocess.run(command, cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=False)


def test_nothing_has_to_be_set(tmp_path: Path) -> None:
    assert start(tmp_path).returncode == 0
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("DEBUG", "maybe"),
        ("PUBLIC_URL", "shop.example.com"),
        ("DATABASE_URL", "mysql://root@localhost/shop"),
        ("REDIS_URL", "localhost:6379"),
        ("EMAIL_URL", "mail.example.com"),
        ("LOG_FORMAT", "xml"),
        ("SECRET_KEY", "short"),
        ("RATE_LIMITS", "sometimes"),
        ("PORT", "٣"),
        ("PUBLIC_URL", "https:///shop"),
        ("PUBLIC_URL", "http://shop.example.com:port"),
        ("PUBLIC_URL", "http://shop.example.com:99999"),
        ("PUBLIC_URL", "http://[::1"),
        ("PUBLIC_URL", "https://shop.example.com/live"),
        ("ALLOWED_HOSTS", "https://shop.example.com"),
        ("ALLOWED_HOSTS", "shop.example.com other.example.com"),
        ("DATABASE_URL", "postgres:shop"),
        ("DATABASE_URL", "postgres://shop@db:port/shop"),
        ("REDIS_URL", "redis://cache:port/0"),
        ("CELERY_BROKER_URL", "cache:6379"),
        ("EMAIL_URL", "smtp://mail.example.com:port"),
        ("EMAIL_URL", "smtp://"),
        ("AWS_S3_ENDPOINT_URL", "storage.example.com"),
        ("AWS_ACCESS_KEY_ID", "key-without-its-secret"),
        ("MEDIA_SERVER_URL", "http://media:port"),
        ("LOG_LEVEL", "loud"),
        ("DATA_DIR", "/dev/null"),
        ("DATA_DIR", "/dev/null/shop"),
    ],
)
def test_a_malformed_value_stops_the_start_with_one_line(tmp_path: Path, name: str, value: str) -> None:
    result = start(tmp_path, **{name: value})

    told = result.stderr.replace("AWS_SECRET_ACCESS_KEY: goes with ", "")
    assert result.returncode != 0
    assert told.startswith(name)
    assert result.stderr.count("\n") == 1


def test_nobody_sells_on_practice_payments_by_mistake(tmp_path: Path) -> None:
    public = start(tmp_path, PUBLIC_URL="https://shop.example.com", STRIPE_SECRET_KEY="sk_live_1")

    assert public.returncode != 0
    assert public.stderr.startswith("STRIPE_SECRET_KEY: ")
    assert start(tmp_path, STRIPE_SECRET_KEY="sk_test_1").returncode == 0


@pytest.mark.parametrize("public", [{"PUBLIC_URL": "https://shop.example.com"}, {"ALLOWED_HOSTS": "localhost,*"}])
def test_limits_cannot_be_switched_off_on_a_public_address(tmp_path: Path, public: dict[str, str]) -> None:
    result = start(tmp_path, RATE_LIMITS="off", **public)

    assert result.stderr.startswith("RATE_LIMITS: ")


def test_a_real_database_wants_a_secret_key_of_its_own(tmp_path: Path) -> None:
    result = start(tmp_path, DATABASE_URL="postgres://shop@localhost/shop")

    assert result.stderr.startswith("SECRET_KEY: ")


def test_a_database_in_a_file_of_ones_own_needs_nothing_else(tmp_path: Path) -> None:
    assert start(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/shop.sqlite3").returncode == 0


def test_limits_may_be_off_on_loopback(tmp_path: Path) -> None:
    assert start(tmp_path, RATE_LIMITS="off", ALLOWED_HOSTS="localhost,127.0.0.1").returncode == 0
