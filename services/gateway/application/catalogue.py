"""What every problem's code means: the rows of `data/problems.csv`, served at `/problems/{code}` as JSON or as a page."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any

from marshmallow import fields

from shared.contracts.fields import Shape
from shared.platform.web.problems import title


class ProblemType(Shape):
    """What a problem's `code` means."""

    code = fields.String(required=True, metadata={"examples": ["version_changed"]})
    title = fields.String(required=True, metadata={"examples": ["Version changed"]})
    statuses = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "The HTTP statuses it comes with; none where it is only told as a `reason` in an answer.", "examples": [[412]]},
    )
    meaning = fields.String(required=True, metadata={"examples": ["It has changed since the version in If-Match."]})
    advice = fields.String(required=True, metadata={"description": "What to do about it.", "examples": ["Read it again, and decide on what it is now."]})


@dataclass(frozen=True, slots=True)
class Problem:
    """A row; `statuses` are HTTP's."""

    code: str
    statuses: tuple[int, ...]
    meaning: str
    advice: str

    @property
    def title(self) -> str:
        return title(self.code)

    def as_data(self) -> dict[str, Any]:
        return {"code": self.code, "title": self.title, "statuses": list(self.statuses), "meaning": self.meaning, "advice": self.advice}

    def as_page(self) -> str:
        """For people, without a script."""
        status = f"HTTP status {' or '.join(map(str, self.statuses))}" if self.statuses else "told as the <code>reason</code> in an answer"
        return _PAGE.format(code=self.code, title=escape(self.title), status=status, meaning=_marked_up(self.meaning), advice=_marked_up(self.advice))


_PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title}</title>
    <link rel="icon" href="data:,">
    <style>body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem }}</style>
  </head>
  <body>
    <h1>{title}</h1>
    <p><code>{code}</code>, {status}</p>
    <p>{meaning}</p>
    <p>{advice}</p>
    <p><a href="/docs">The API</a></p>
  </body>
</html>
"""


def _marked_up(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def read_problems(lines: Iterable[str]) -> dict[str, Problem]:
    """Problems by code from CSV with a header; statuses are separated by spaces. ValueError names a wrong row."""
    rows = list(csv.DictReader(lines, strict=True))
    found = {row["code"]: _problem(row) for row in rows}
    if list(found) != sorted(row["code"] for row in rows):
        raise ValueError("problems: the rows are not in the order of their codes, or one stands there twice")
    return found


def _problem(row: Mapping[Any, Any]) -> Problem:
    if None in row or not (re.fullmatch(r"[a-z]+(_[a-z]+)*", row["code"]) and row["meaning"] and row["advice"]):
        raise ValueError(f"problems: {row} is no row of code, status, meaning and advice")
    return Problem(row["code"], tuple(int(each) for each in row["status"].split()), row["meaning"], row["advice"])


def _shipped(name: str) -> str:
    return (resources.files("services.gateway") / "data" / name).read_text(encoding="utf-8")


def operation_problems() -> dict[str, list[str]]:
    """The codes that each operation's own service may answer it with, as `tradelane docs` has found them in the code."""
    found: dict[str, list[str]] = json.loads(_shipped("operation_problems.json"))
    return found


PROBLEMS = read_problems(_shipped("problems.csv").splitlines())
