"""A paper as data: what is kept when it is issued and printed when it is fetched. Plain JSON, words and numbers as they are to be read."""

from __future__ import annotations

from typing import TypedDict

Labelled = list[tuple[str, str]]


class Panel(TypedDict):
    """A party's box."""

    title: str
    lines: list[str]


class Column(TypedDict):
    """`width` in mm, 178 for all of them together; numbers stand `right`."""

    title: str
    width: int
    right: bool


class Paper(TypedDict):
    """One document. A row has a cell per column, a cell has lines: the first in full, further ones small. `facts` and `totals` are labels with values."""

    title: str
    number: str
    reference: str
    issued_on: str
    revision: int
    barcode: bool
    panels: list[Panel]
    facts: Labelled
    columns: list[Column]
    rows: list[list[list[str]]]
    totals: Labelled
    statements: list[str]
    signed_by: str
