"""`tradelane docs`: the pages that are generated from code, and whether those in the folder are what the code would write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from services.gateway.application.pages import document
from tradelane import events_docs, identity_docs, problems_docs
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
    """The names of those pages that are missing or differ."""
    return [name for name, page in PAGES.items() if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != page()]


def write(folder: Path) -> list[str]:
    """Writes what differs; its names."""
    behind = check(folder)
    for name in behind:
        (folder / name).write_text(PAGES[name](), encoding="utf-8")
    return behind
