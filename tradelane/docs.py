"""`tradelane docs`: the pages that are generated from code, and whether those in the folder are what the code would write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from services.gateway.application.pages import document
from tradelane import events_docs, identity_docs, problem_codes, problems_docs
from tradelane.lifecycle_diagram import diagram
from tradelane.lifecycle_docs import markdown

PAGES: dict[str, Callable[[], str]] = {
    "events.md": events_docs.markdown,
    "identity-numbers.md": identity_docs.markdown,
    "lifecycle.md": markdown,
    "lifecycle.svg": diagram,
    "openapi.json": lambda: json.dumps(document(), indent=1, ensure_ascii=False) + "\n",
    "problems.md": problems_docs.markdown,
}


def check(folder: Path) -> list[str]:
    """The names of those that are missing or differ."""
    return [path.name for path, page in _generated(folder).items() if _differs(path, page())]


def write(folder: Path) -> list[str]:
    """Writes what differs; the names."""
    behind = []
    for path, page in _generated(folder).items():
        if _differs(path, text := page()):
            path.write_text(text, encoding="utf-8")
            behind.append(path.name)
    return behind


def _generated(folder: Path) -> dict[Path, Callable[[], str]]:
    """In the order in which they are written: the first is what the gateway reads to make the OpenAPI document."""
    return {problem_codes.FILE: problem_codes.listed} | {folder / name: page for name, page in PAGES.items()}


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text
