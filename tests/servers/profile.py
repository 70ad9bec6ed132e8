"""The pytest plugin that gives a run its profile, before Django reads its settings.

`PROFILE=embedded` (the default) is what a fresh clone has: SQLite in a file, everything else in memory.
`PROFILE=postgres` starts a throw-away PostgreSQL and Redis. Nothing of the caller's own environment leaks in.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from tests.servers.postgres import Postgres
from tests.servers.redis import Redis

PROFILES = ("embedded", "postgres")

# Everything that settings.py reads: a developer's own values must not decide a test.
ENVIRONMENT = (
    *(
        "SECRET_KEY",
        "DEBUG",
        "ALLOWED_HOSTS",
        "PUBLIC_URL",
        "PRODUCT_NAME",
        "DATA_DIR",
        "PORT",
        "RATE_LIMITS",
        "FAIR_PLAY",
        "LOG_FORMAT",
    ),
    *("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "EMAIL_URL", "MEDIA_SERVER_URL"),
    *("INGEST_HOST", "INGEST_PORT", "INGEST_PUBLIC_HOST"),
    *("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRETS", "STRIPE_API_BASE"),
    *("AWS_STORAGE_BUCKET_NAME", "AWS_S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
)

stack = ExitStack()
postgres: Postgres | None = None
redis: Redis | None = None


def profile_name() -> str:
    name = os.environ.get("PROFILE", "embedded")
    name = "embedded" if name == "sqlite" else name
    if name not in PROFILES:
        raise pytest.UsageError(f"PROFILE={name}: choose one of {', '.join(PROFILES)}")
    return name


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Wrap the hook in which pytest-django sets Django up: a wrapper is the only place that surely comes before it."""
    for name in ENVIRONMENT:
        os.environ.pop(name, None)
    folder = tempfile.mkdtemp(prefix="vitrine-tests-")
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    os.environ["DATA_DIR"] = folder
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(50)
    if profile_name() == "postgres":
        _start_servers()
    return (yield)


def _start_servers() -> None:
    global postgres, redis  # noqa: PLW0603 - one pair of servers per run, asked for by fixtures that kill and restart them
    postgres = stack.enter_context(Postgres())
    redis = stack.enter_context(Redis())
    os.environ["DATABASE_URL"] = postgres.create_database("livecommerce")
    os.environ["REDIS_URL"] = redis.url


def pytest_report_header() -> str:
    return f"profile: {profile_name()}"


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    stack.close()
