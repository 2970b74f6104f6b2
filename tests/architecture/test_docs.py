"""What is generated from code stands as the code would write it today."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tradelane(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tradelane", *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_generated_pages_are_up_to_date() -> None:
    done = tradelane("docs", "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_brokers_definitions_are_up_to_date() -> None:
    assert tradelane("topology", "definitions").stdout == (ROOT / "deploy" / "rabbitmq" / "definitions.json").read_text()


def test_every_test_that_the_threat_model_counts_on_is_there() -> None:
    """In a row the first is named with its folder, those behind it may be named without."""
    named = 0
    for row in (ROOT / "docs" / "threat-model.md").read_text().splitlines():
        folder = ROOT
        for name in re.findall(r"`((?:tests/[\w/]+/)?test_\w+[.]py)`", row):
            folder = (ROOT / name).parent if "/" in name else folder
            assert (folder / Path(name).name).is_file(), name
            named += 1
    assert named > 40


def test_one_page_lists_all_pages() -> None:
    docs = ROOT / "docs"
    listed = set(re.findall(r"]\(([^)#]+)\)", (docs / "README.md").read_text()))
    assert {page.relative_to(docs).as_posix() for page in (*docs.glob("*.md"), docs / "adr" / "README.md")} - {"README.md"} <= listed
    decisions = set(re.findall(r"]\(([^)#]+)\)", (docs / "adr" / "README.md").read_text()))
    assert {page.name for page in (docs / "adr").glob("[0-9]*.md")} == decisions
