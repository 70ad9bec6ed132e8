"""The rules of the house that a machine can check: sizes, names, no test that looks away, documents that are there.

docs/architecture.md gives the reasons.
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FUNCTION_LINES_MAX = 50
MODULE_LINES_MAX = 400
ELEMENT_LINES_MAX = 200

BANNED_MODULES = {
    "signals",
    "utils",
    "util",
    "helpers",
    "helper",
    "services",
    "service",
    "mixins",
    "managers",
    "misc",
    "common",
}
BANNED_WORDS = {"manager", "service", "util", "utils", "helper", "handler", "process", "info", "item2", "tmp"}
# Names that Django gives.
ALLOWED_NAMES = {
    "UserManager",
    "process_request",
    "process_response",
    "process_view",
    "process_template_response",
    "process_exception",
    "DATA_DIR",
}

TOP_LEVEL = {
    *(
        "manage.py",
        "pyproject.toml",
        "uv.lock",
        "package.json",
        "package-lock.json",
        "docker-compose.yml",
        "biome.json",
    ),
    *("Makefile", "README.md", "LICENSE"),
    *("livecommerce", "catalog", "streams", "checkout", "chat"),
    *("templates", "static", "tests", "bench", "deploy", "docs", "locale"),
}


def committed(*patterns: str) -> list[Path]:
    """Files that git knows or would add; without git (an unpacked archive) all that match."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [path for path in (ROOT / line for line in sorted(set(listed))) if path.is_file()]


def python_files() -> list[Path]:
    return [path for path in committed("*.py") if "migrations" not in path.parts]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_of(path: Path) -> int:
    return len(path.read_text().splitlines())


def place(path: Path, line: int | None = None) -> str:
    return f"{path.relative_to(ROOT)}{f':{line}' if line else ''}"


def test_the_top_level_has_the_agreed_entries_only():
    entries = {path.relative_to(ROOT).parts[0] for path in committed()}

    unexpected = {entry for entry in entries if not entry.startswith(".")} - TOP_LEVEL

    assert not unexpected


def test_a_function_fits_a_screen():
    too_long = [
        f"{place(path, node.lineno)} {node.name}: {length} lines"
        for path in python_files()
        for node in functions(path)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]

    assert not too_long, f"split by noun, limit {FUNCTION_LINES_MAX}: {too_long}"


def test_a_module_is_read_in_one_sitting():
    too_long = [f"{place(path)}: {lines_of(path)}" for path in python_files() if lines_of(path) > MODULE_LINES_MAX]

    assert not too_long, f"split by noun, limit {MODULE_LINES_MAX}: {too_long}"


def test_an_element_and_a_stylesheet_stay_small():
    files = committed("static/js/*.js", "static/css/*.css")

    too_long = [f"{place(path)}: {lines_of(path)}" for path in files if lines_of(path) > ELEMENT_LINES_MAX]

    assert not too_long, f"limit {ELEMENT_LINES_MAX}: {too_long}"


def test_no_template_literal_stands_inside_another():
    """The minifier of the collected files ends the outer one there and takes spaces out of the inner one."""
    nested = [
        place(path, source.count("\n", 0, found.start()) + 1)
        for path in committed("static/js/*.js")
        for source in [path.read_text()]
        for found in re.finditer(r"`[^`]*\$\{[^}`]*`", source)
    ]

    assert not nested, f"give the inner one a name: {nested}"


def test_no_module_is_a_drawer_without_a_noun():
    drawers = [place(path) for path in python_files() if path.stem in BANNED_MODULES]

    assert not drawers


def words_of(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_"))


def test_names_say_what_things_are():
    banned = [
        f"{place(path, node.lineno)} {node.name}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.name not in ALLOWED_NAMES
        # A test's name is a sentence, and sentences are about processes, too.
        and not node.name.startswith("test_")
        and words_of(node.name) & BANNED_WORDS
    ]

    assert not banned


def test_no_test_looks_away():
    marks = re.compile(r"(?:mark\.|pytest\.)(?:skip|skipif|xfail|importorskip)\b")

    found = [
        place(path, number)
        for path in committed("tests/*.py")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if marks.search(line)
    ]

    assert not found


@pytest.mark.parametrize("app", ["livecommerce", "catalog", "streams", "checkout", "chat"])
def test_no_model_hides_an_effect_in_save_or_a_signal(app: str):
    hidden = [
        f"{place(path, node.lineno)} {node.name}"
        for path in committed(f"{app}/*.py")
        if "models" in path.parts or path.stem == "models"
        for node in functions(path)
        if node.name in {"save", "delete"}
    ]
    listeners = [
        place(path)
        for path in committed(f"{app}/*.py")
        if re.search(r"\b(?:post|pre)_(?:save|delete)\b", path.read_text())
    ]

    assert not hidden
    assert not listeners


def test_every_module_says_what_it_is():
    silent = [
        place(path)
        for path in python_files()
        if path.name != "__init__.py" and path.parts[-2] != "tests" and "tests" not in path.parts
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert not silent


def test_the_documents_name_every_setting():
    settings = (ROOT / "livecommerce" / "settings.py").read_text()
    names = set(re.findall(r"""env[._a-z]*\(\s*["']([A-Z][A-Z0-9_]+)["']""", settings))

    documented = "\n".join(path.read_text() for path in committed("docs/*.md", "README.md"))

    assert {name for name in names if name not in documented} == set()


def test_every_link_between_documents_leads_somewhere():
    broken = [
        f"{place(path)} → {target}"
        for path in committed("*.md")
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text())
        if not (path.parent / target).exists()
    ]

    assert not broken
