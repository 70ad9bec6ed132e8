"""The files that pages load: sheets without gaps, symbols that exist, imports that lead somewhere, nothing inline."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static

from livecommerce.watch import assets
from livecommerce.watch.assets import JoinedSheets, VendorFiles
from livecommerce.watch.modules import modules_of
from livecommerce.watch.stylesheets import SHEETS
from livecommerce.watch.templatetags.vitrine import importmap

STATIC = Path(settings.BASE_DIR) / "static"
TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
SCRIPTS = sorted((STATIC / "js").rglob("*.js"))
APPS = ("livecommerce", "catalog", "streams", "checkout", "chat")


def test_every_stylesheet_is_in_a_sheet_and_every_sheet_names_files_that_exist():
    named = {file for files in SHEETS.values() for file in files}
    there = {path.relative_to(STATIC / "css").with_suffix("").as_posix() for path in (STATIC / "css").rglob("*.css")}

    assert named == there


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_page_finds_its_sheet_as_one_file(sheet: str):
    joined = Path(finders.find(f"css/{sheet}.css")).read_text()

    assert all((STATIC / "css" / f"{file}.css").read_text() in joined for file in SHEETS[sheet])


def test_every_stylesheet_stands_in_its_layer():
    outside = [
        path.name
        for path in (STATIC / "css").rglob("*.css")
        if not re.match(r"\s*@layer [a-z]", re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL))
    ]

    assert not outside


def test_a_changed_stylesheet_is_joined_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings):
    settings.BASE_DIR = settings.DATA_DIR = tmp_path
    monkeypatch.setattr(assets, "SHEETS", {"site": ("one",)})
    one = tmp_path / "static" / "css" / "one.css"
    one.parent.mkdir(parents=True)
    one.write_text("a { color: red; }")
    JoinedSheets().find("css/site.css")

    one.write_text("a { color: blue; }")

    assert "blue" in Path(JoinedSheets().find("css/site.css")).read_text()


def test_a_package_that_was_not_installed_stops_the_checks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(assets, "VENDOR_FILES", {"vendor/gone.js": "gone/gone.js"})

    assert [found.hint for found in VendorFiles().check()] == ["Run `npm ci` in the project's folder."]


def test_every_symbol_that_is_drawn_is_in_the_sprite_and_no_other():
    sprite = set(re.findall(r'id="i-([a-z-]+)"', (STATIC / "icons.svg").read_text()))
    sources = [*TEMPLATES, *SCRIPTS, *(path for app in APPS for path in (Path(settings.BASE_DIR) / app).rglob("*.py"))]
    text = "\n".join(path.read_text() for path in sources)
    drawn = set(re.findall(r"""icon[ (:]+["']([a-z-]+)["']""", text))

    assert not drawn - sprite
    assert not {name for name in sprite if not re.search(rf"""["'`]{name}["'`]""", text)}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_import_is_a_name_of_the_import_map(script: Path):
    names = json.loads(importmap())["imports"]

    imported = re.findall(r"""(?:^import|\bfrom|\bimport\()\s*["']([^"']+)["']""", script.read_text(), re.MULTILINE)

    assert not set(imported) - set(names)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix())
def test_a_template_needs_nothing_that_the_content_policy_refuses(template: Path):
    text = re.sub(r"\{#.*?#\}", "", template.read_text())

    assert not re.findall(r"""\s(style|on[a-z]+)=["']""", text)
    assert not re.findall(r"<script(?![^>]*(?:\bsrc=|\bnonce=|application/json))[^>]*>", text)


def test_a_page_leaves_compressed_and_json_as_it_is(client, db: None):
    page = client.get("/", headers={"Accept-Encoding": "gzip"})
    document = client.get("/api/v1/openapi.json", headers={"Accept-Encoding": "gzip"})

    assert page["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in document


def test_a_page_asks_at_once_for_every_module_that_it_will_start():
    asked = set(modules_of("show"))

    started = {static(f"js/{name}.js") for name in ("show-socket", "elements/drop-card", "lib/link", "lib/card-parts")}
    assert started < asked
    assert not [module for module in asked if "hls" in module]
