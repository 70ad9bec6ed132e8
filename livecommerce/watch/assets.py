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
    # Named in the file above; collecting refuses a reference that leads nowhere.
    "vendor/hls.light.min.mjs.map": "hls.js/dist/hls.light.min.mjs.map",
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
    """The files of npm packages, read from node_modules."""

    def sources(self) -> dict[str, Path]:
        return {name: settings.BASE_DIR / "node_modules" / source for name, source in VENDOR_FILES.items()}

    def check(self, **_options: Any) -> list[CheckMessage]:
        return [
            CheckError(f"{source} is missing.", hint="Run `npm ci` in the project's folder.", id="watch.E001")
            for source in self.sources().values()
            if not source.is_file()
        ]


class JoinedSheets(NamedFilesFinder):
    """The sheets, joined anew whenever one of their files is younger than the joined copy."""

    def sources(self) -> dict[str, Path]:
        return {f"css/{sheet}.css": self._joined(sheet, files) for sheet, files in SHEETS.items()}

    def _joined(self, sheet: str, files: tuple[str, ...]) -> Path:
        parts = [settings.BASE_DIR / "static" / "css" / f"{file}.css" for file in files]
        joined = settings.DATA_DIR / "joined" / f"{sheet}.css"
        text = "\n".join(part.read_text(encoding="utf-8") for part in parts)
        if not joined.is_file() or joined.read_text(encoding="utf-8") != text:
            joined.parent.mkdir(exist_ok=True)
            # Another process may be reading the old copy: swap, never write over it.
            fresh = joined.with_suffix(f".{os.getpid()}")
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(joined)
        return joined
