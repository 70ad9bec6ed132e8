"""Assets: static files that are not in `static/` as they are served.

Two finders for `STATICFILES_FINDERS`. `JoinedSheets` gives each sheet of `stylesheets.SHEETS` as one file;
`VendorFiles` gives the few files that we use of the packages in package.json, and no others.
Both work the same under `collectstatic` and under a development server.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.checks import Error as CheckError
from django.core.files.storage import FileSystemStorage, Storage

from livecommerce.watch.stylesheets import SHEETS

# Served name -> path in node_modules. A browser gets these names; a version lives in package-lock.json alone.
VENDOR_FILES = {
    "vendor/hls.light.js": "hls.js/dist/hls.light.min.mjs",
    "vendor/instrument-sans-latin.woff2": (
        "@fontsource-variable/instrument-sans/files/instrument-sans-latin-wdth-normal.woff2"
    ),
    "vendor/instrument-sans-latin-ext.woff2": (
        "@fontsource-variable/instrument-sans/files/instrument-sans-latin-ext-wdth-normal.woff2"
    ),
}


class NamedFiles(FileSystemStorage):
    """A storage over files that lie somewhere else under another name."""

    def __init__(self, sources: dict[str, Path]) -> None:
        super().__init__(location=settings.BASE_DIR)
        self.sources = sources

    def path(self, name: str) -> str:
        return str(self.sources[name])


class NamedFilesFinder(BaseFinder):
    """Finds the files of one `NamedFiles` storage."""

    def sources(self) -> dict[str, Path]:
        raise NotImplementedError

    def find(self, path: str, find_all: bool = False, **_legacy: Any) -> Any:
        source = self.sources().get(path)
        found = str(source) if source and source.is_file() else None
        if find_all:
            return [found] if found else []
        return found or []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        sources = self.sources()
        storage = NamedFiles(sources)
        for name in sources:
            yield name, storage


class VendorFiles(NamedFilesFinder):
    """The files of npm packages, from node_modules; scripts without the name of a source map that we do not serve."""

    def sources(self) -> dict[str, Path]:
        installed = {name: settings.BASE_DIR / "node_modules" / source for name, source in VENDOR_FILES.items()}
        return {name: _without_map(source) if name.endswith(".js") else source for name, source in installed.items()}

    def check(self, **_options: Any) -> list[CheckMessage]:
        return [
            CheckError(f"{source} is missing.", hint="Run `npm ci` in the project's folder.", id="watch.E001")
            for source in self.sources().values()
            if not source.is_file()
        ]


class JoinedSheets(NamedFilesFinder):
    """The sheets, joined anew whenever one of their files has changed."""

    def sources(self) -> dict[str, Path]:
        return {f"css/{sheet}.css": self._joined(sheet, files) for sheet, files in SHEETS.items()}

    def _joined(self, sheet: str, files: tuple[str, ...]) -> Path:
        parts = [settings.BASE_DIR / "static" / "css" / f"{file}.css" for file in files]
        return _made(f"{sheet}.css", "\n".join(part.read_text(encoding="utf-8") for part in parts))


def _without_map(script: Path) -> Path:
    if not script.is_file():
        return script
    lines = script.read_text(encoding="utf-8").splitlines(keepends=True)
    return _made(script.name, "".join(line for line in lines if not line.startswith("//# sourceMappingURL=")))


def _made(name: str, text: str) -> Path:
    """Keep a file that is made of others, and leave it alone while they do not change."""
    made: Path = settings.DATA_DIR / "joined" / name
    if not made.is_file() or made.read_text(encoding="utf-8") != text:
        made.parent.mkdir(exist_ok=True)
        # Another process may be reading the old copy: swap, never write over it.
        fresh = made.with_name(f"{name}.{os.getpid()}")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(made)
    return made
