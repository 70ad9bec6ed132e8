"""The environment, read once. Rule guarded here: a malformed value stops the start with one clear line."""

import os
import re
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

KEY_LEAST = 32


class Misconfigured(SystemExit):
    """Says which variable is wrong and what it should look like; ends the process with that line."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")


def env_text(name: str, default: str = "") -> str:
    """Return the variable, stripped; empty counts as not set."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, *, default: bool) -> bool:
    """Return a switch written as on/off, true/false, yes/no or 1/0."""
    text = env_text(name, "on" if default else "off").lower()
    if text in {"on", "true", "yes", "1"}:
        return True
    if text in {"off", "false", "no", "0"}:
        return False
    raise Misconfigured(name, f"write on or off, not {text!r}")


def env_int(name: str, *, default: int, least: int = 0, most: int = 2**31) -> int:
    """Return a whole number within bounds."""
    text = env_text(name, str(default))
    if not re.fullmatch(r"\d+", text) or not least <= int(text) <= most:
        raise Misconfigured(name, f"write a whole number from {least} to {most}, not {text!r}")
    return int(text)


def env_choice(name: str, *, default: str, choices: set[str]) -> str:
    """Return one of a few words."""
    text = env_text(name, default).lower()
    if text not in choices:
        raise Misconfigured(name, f"write one of {', '.join(sorted(choices))}, not {text!r}")
    return text


def env_list(name: str) -> list[str]:
    """Return comma-separated words, empty ones left out."""
    return [word for word in (part.strip() for part in env_text(name).split(",")) if word]


def env_url(name: str, *, default: str = "", schemes: set[str]) -> str:
    """Return an absolute URL of one of the schemes, or the default when nothing is set."""
    text = env_text(name, default)
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in schemes or not (parts.netloc or parts.path):
        raise Misconfigured(name, f"write a URL that starts with {' or '.join(s + '://' for s in sorted(schemes))}")
    return text


def env_mailer(name: str, *, default: str) -> dict[str, object]:
    """Return Django's mailer for `console://`, `memory://`, `file:///folder` or `smtp[s|+tls]://user:password@host:port`."""
    parts = urlsplit(env_url(name, default=default, schemes={"console", "memory", "file", "smtp", "smtps", "smtp+tls"}))
    backends = {"console": "console", "memory": "locmem", "file": "filebased"}
    backend = f"django.core.mail.backends.{backends.get(parts.scheme, 'smtp')}.EmailBackend"
    if parts.scheme == "file":
        return {"BACKEND": backend, "OPTIONS": {"file_path": parts.path}}
    if parts.scheme in backends:
        return {"BACKEND": backend}
    if not parts.hostname:
        raise Misconfigured(name, "name the mail server, as in smtp+tls://user:password@mail.example.com:587")
    options = {
        "host": parts.hostname,
        "port": parts.port or {"smtp": 25, "smtps": 465, "smtp+tls": 587}[parts.scheme],
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_ssl": parts.scheme == "smtps",
        "use_tls": parts.scheme == "smtp+tls",
        "timeout": 20,
    }
    return {"BACKEND": backend, "OPTIONS": options}


def secret_key(*, data_dir: Path, embedded: bool) -> str:
    """Return SECRET_KEY; the embedded profile makes one once and keeps it beside its database, readable by us alone."""
    key = env_text("SECRET_KEY")
    if key:
        if len(key) < KEY_LEAST:
            raise Misconfigured("SECRET_KEY", f"use at least {KEY_LEAST} random characters")
        return key
    if not embedded:
        raise Misconfigured("SECRET_KEY", "is not set; give 50 random characters, the same to every process")
    return kept_secret(data_dir / "secret-key", lambda: secrets.token_urlsafe(50))


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the secret kept in a file, made on first use; two processes that start together agree on one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(secret := make())
    return secret


def running_tests() -> bool:
    """Tell whether pytest runs us: it wants static files found, not collected."""
    return "pytest" in sys.modules
