"""How commands show what they found: rows as a table for people or as JSON for programs, and the exit status that follows from them.

Each row tells by its `ok` whether it is as it should be. The JSON keys are the rows' own and stay as they are; times are ISO 8601 in UTC.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.kit.printing import printable

Row = Mapping[str, Any]

UNBROKEN = 36  # characters of a word that stay on one line: an id can be copied


def show(rows: Sequence[Row], columns: Mapping[str, str], as_json: bool, empty: str) -> int:
    """Print the rows, and 1 where one of them is not `ok`, else 0.

    `columns` gives each heading of the table its cells' template, e.g. `{"event": "{type} {id}"}`. Where there is no row the table is the sentence `empty`.
    """
    if as_json:
        _print_json(rows)
    elif not rows:
        print(empty)
    else:
        _print(_table(rows, columns))
    return int(not all(row["ok"] for row in rows))


def show_whole(rows: Sequence[Row], as_json: bool) -> None:
    """Print all there is in each row, key by key."""
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        table = Table(show_header=False)
        for key, value in row.items():
            text = json.dumps(value, indent=2, ensure_ascii=False, default=_plain) if isinstance(value, Mapping) else _text(value)
            table.add_row(_words(key), Text(printable(text)))
        _print(table)


def _table(rows: Sequence[Row], columns: Mapping[str, str]) -> Table:
    cells = [[template.format_map({key: _text(value) for key, value in row.items()}).strip() for template in columns.values()] for row in rows]
    table = Table(show_lines=any("\n" in cell for line in cells for cell in line))
    for heading, column in zip(columns, zip(*cells, strict=True), strict=True):
        figures = all(cell.lstrip("-").replace(",", "").replace(".", "").isdigit() for cell in column if cell)
        longest = max((len(word) for cell in column for word in cell.split()), default=0)
        table.add_column(heading, justify="right" if figures else "left", min_width=min(longest, UNBROKEN), overflow="fold")
    for row, line in zip(rows, cells, strict=True):
        table.add_row(*(Text(printable(cell)) for cell in line), style=None if row["ok"] else "red")
    return table


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}Z"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(each)}" for key, each in value.items())
    return str(value)


def _words(key: str) -> str:
    return key.replace("_", " ")


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _print_json(rows: Sequence[Row]) -> None:
    print(printable(json.dumps(list(rows), indent=2, ensure_ascii=False, default=_plain)))


def _print(table: Table) -> None:
    Console(width=None if sys.stdout.isatty() else 160).print(table)
