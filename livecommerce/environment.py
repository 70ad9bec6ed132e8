"""The environment, read once. Rule guarded here: a malformed value stops the start with one clear line."""

import os
import re
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

KEY_LEAST = 32
# Addresses under which nobody else reaches this machine.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
# These name a file or nothing at all; a database may be behind a socket on this machine.
_WITHOUT_HOST = frozenset({"sqlite", "file", "console", "memory", "postgres", "postgresql", "filesystem"})
_HOST = re.compile(r"\*|\.?[\w.-]+|\[[\da-fA-F:.]+\]")


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
    if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
        raise Misconfigured(name, f"write a whole number from {least} to {most}, not {text!r}")
    return int(text)


def env_choice(name: str, *, default: str, choices: set[str]) -> str:
    """Return one of a few words."""
    text = env_text(name, default)
    text = text.upper() if default.isupper() else text.lower()
    if text not in choices:
        raise Misconfigured(name, f"write one of {', '.join(sorted(choices))}, not {text!r}")
    return text


def env_list(name: str) -> list[str]:
    """Return comma-separated words, empty ones left out."""
    return [word for word in (part.strip() for part in env_text(name).split(",")) if word]


def env_hosts(name: str) -> list[str]:
    """Return host names without scheme and port, as Django compares them."""
    hosts = env_list(name)
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise Misconfigured(name, f"write host names with commas, without scheme and port, not {host!r}")
    return hosts


def env_url(name: str, *, default: str = "", schemes: set[str]) -> str:
    """Return an absolute URL of one of the schemes, or the default when nothing is set."""
    text = env_text(name, default)
    if not text:
        return ""
    starts = " or ".join(f"{scheme}://" for scheme in sorted(schemes))
    try:
        parts = urlsplit(text)
        whole = text.startswith(f"{parts.scheme}://") and (parts.hostname or parts.scheme in _WITHOUT_HOST)
        port = parts.port
    except ValueError:
        raise Misconfigured(name, f"write a URL that starts with {starts}, its port a number up to 65535") from None
    if parts.scheme not in schemes or not whole or port == 0:
        raise Misconfigured(name, f"write a URL that starts with {starts} and says where it leads")
    return text


def env_origin(name: str, *, default: str) -> str:
    """Return scheme, host and port of where people reach us."""
    text = env_url(name, default=default, schemes={"http", "https"}).rstrip("/")
    parts = urlsplit(text)
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise Misconfigured(name, "write scheme, host and port alone, as in https://shop.example.com")
    return text


def env_folder(name: str, *, default: Path) -> Path:
    """Return a folder that we may write to, made when it is not there."""
    folder = Path(env_text(name, str(default))).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(name, f"{folder} cannot be a folder of ours: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Misconfigured(name, f"{folder} cannot be written to")
    return folder


def env_mailer(name: str, *, default: str) -> dict[str, object]:
    """Return Django's mailer for `console://`, `memory://`, `file:///folder` or `smtp[s|+tls]://user:password@host:port`."""
    parts = urlsplit(env_url(name, default=default, schemes={"console", "memory", "file", "smtp", "smtps", "smtp+tls"}))
    backends = {"console": "console", "memory": "locmem", "file": "filebased"}
    backend = f"django.core.mail.backends.{backends.get(parts.scheme, 'smtp')}.EmailBackend"
    if parts.scheme == "file":
        return {"BACKEND": backend, "OPTIONS": {"file_path": parts.path}}
    if parts.scheme in backends:
        return {"BACKEND": backend}
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
