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
    ],
)
def test_a_malformed_value_stops_the_start_with_one_line(tmp_path: Path, name: str, value: str) -> None:
    result = start(tmp_path, **{name: value})

    assert result.returncode != 0
    assert result.stderr.startswith(f"{name}: ")
    assert result.stderr.count("\n") == 1


def test_limits_cannot_be_switched_off_on_a_public_address(tmp_path: Path) -> None:
    result = start(tmp_path, RATE_LIMITS="off", PUBLIC_URL="https://shop.example.com", SECRET_KEY="s" * 50)

    assert result.stderr.startswith("RATE_LIMITS: ")


def test_a_real_database_wants_a_secret_key_of_its_own(tmp_path: Path) -> None:
    result = start(tmp_path, DATABASE_URL="postgres://shop@localhost/shop")

    assert result.stderr.startswith("SECRET_KEY: ")
