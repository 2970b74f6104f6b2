"""README.md maps every pitfall to its tests, and to no others."""

from __future__ import annotations

import re
from pathlib import Path

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
DEFINED = re.compile(r"^def (test_\w+)", re.MULTILINE)

ROWS = [line.strip("|").split("|") for line in (HERE / "README.md").read_text().splitlines() if "::test_" in line]


def in_file(file: str) -> Path:
    return ROOT / file if "/" in file else HERE / file


def test_every_pitfall_names_a_test_that_shows_it_and_one_of_its_absence() -> None:
    assert len(ROWS) == len({pitfall for pitfall, *_ in ROWS}) > 25
    for _pitfall, seen, absent in ROWS:
        assert NAMED.search(seen)
        assert NAMED.search(absent) or absent.strip() == "the same"


def test_every_test_named_exists_and_every_test_here_is_named() -> None:
    named = {(in_file(file), test) for row in ROWS for file, test in NAMED.findall("|".join(row))}
    assert [f"{file.relative_to(ROOT)}::{test}" for file, test in named if test not in DEFINED.findall(file.read_text())] == []
    here = {(file, test) for file in HERE.glob("test_*.py") for test in DEFINED.findall(file.read_text()) if file.name != "test_map.py"}
    assert here - named == set()
