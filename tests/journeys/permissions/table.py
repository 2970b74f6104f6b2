"""`docs/authorization.md` as data: what each caller is told at each route, as it is expected, whatever the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "authorization.md"

NOBODY, PARTIES, STRANGERS = "nobody", ("buyer", "supplier"), ("another buyer", "another supplier")
CALLERS = (NOBODY, *PARTIES, *STRANGERS, "operator", "carrier", "warehouse", "service")
ANSWERS = ("yes", "part", "no", "–", "signed", "token")


@dataclass(frozen=True, slots=True)
class Row:
    """`what` is `METHOD /path` or `service.operation`, `variant` the case of it, if it has several; `answers` is by caller, of `ANSWERS`."""

    what: str
    variant: str
    answers: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.what} {self.variant}".strip()

    def callers(self, *answers: str) -> list[str]:
        """Those who get one of these answers."""
        return [caller for caller, answer in self.answers.items() if answer in answers]


def rows(head: str) -> list[Row]:
    """The table whose first column is headed so."""
    return list(_rows(head))


def _rows(head: str) -> Iterator[Row]:
    lines = PAGE.read_text(encoding="utf-8").partition(f"| {head} | {' | '.join(CALLERS)} |\n")[2].partition("\n\n")[0].splitlines()[1:]
    for line in lines:
        first, *answers = (cell.strip() for cell in line.strip("|").split("|"))
        found = re.fullmatch(r"`([^`]+)`(?: \((\w+)\))?", first)
        assert found, line
        assert len(answers) == len(CALLERS), line
        assert set(answers) <= set(ANSWERS), line
        yield Row(found[1], found[2] or "", dict(zip(CALLERS, answers, strict=True)))
