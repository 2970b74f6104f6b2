"""Every file is fit for every machine and every reader: no machine's paths, no package index's addresses, no module too long to read."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("services", "shared", "tradelane")
LONGEST = 300

MACHINE_PATH = re.compile(r"(?<![\w.:])/(?:root|work|home/\w+|Users/\w+)/\w")
INDEX_ADDRESS = re.compile(r"\b(?:files|index|registry|deb|archive|proxy)\.[a-z-]+\.(?:org|com|io|net)\b|\bpy" + r"pi\.org\b")


def texts(*folders: str) -> Iterator[tuple[Path, str]]:
    """Each text file of the folders, of all the project's by default."""
    folders = folders or (*CODE, "tests", "docs", "deploy", "scripts", ".ci")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.is_file()]
    for file in files + ([file for file in ROOT.iterdir() if file.is_file()] if len(folders) > len(CODE) else []):
        try:
            yield file.relative_to(ROOT), file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_the_search_sees_what_it_is_meant_to_see() -> None:
    assert MACHINE_PATH.search("cd /home/" + "someone/project")
    assert not MACHINE_PATH.search("http://127.0.0.1/work/x and docs/home/page")
    assert INDEX_ADDRESS.search("--index-url https://files.example" + ".org/simple")
    assert {"Makefile", "requirements.lock", "pyproject.toml"} <= {str(path) for path, _ in texts()}


@pytest.mark.parametrize("pattern", [MACHINE_PATH, INDEX_ADDRESS], ids=["machine path", "index address"])
def test_no_file_names_a_place_of_one_machine_or_index(pattern: re.Pattern[str]) -> None:
    assert [f"{path}: {found[0]}" for path, text in texts() if (found := pattern.search(text))] == []


def test_lock_files_hold_no_addresses() -> None:
    assert [path for path, text in texts() if path.suffix == ".lock" and "://" in text] == []


def test_no_module_is_too_long_to_read() -> None:
    lengths = {str(path): len(text.splitlines()) for path, text in texts(*CODE) if path.suffix == ".py"}
    assert len(lengths) > 50
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}


def test_every_library_imported_is_declared_and_every_one_declared_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {canonical(re.split(r"[\[<=>]", name)[0]) for name in project["dependencies"]}
    modules = {module for path, text in texts(*CODE) if path.suffix == ".py" for module in imported(text)} - sys.stdlib_module_names - {*CODE}
    brought_by = {module: {canonical(name) for name in packages_distributions().get(module, [])} for module in modules}
    assert [module for module, names in brought_by.items() if not names & declared] == []
    # SQLAlchemy imports the database's driver, by its address; of Swagger UI only the files are served.
    assert declared - set().union(*brought_by.values()) - {"psycopg2-binary", "flask-swagger-ui"} == set()


def canonical(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(source: str) -> Iterator[str]:
    """The top-level names of all modules that the source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]
