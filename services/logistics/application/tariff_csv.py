"""Tariffs in CSV, as spreadsheets write it: each row is a part of a channel's sheet, and `record` says which."""

from __future__ import annotations

import csv
import io
from typing import Any

from services.logistics.application.tariff_file import TariffFile

HEADINGS = {
    "tariff": ("currency", "valid_from", "valid_until", "minimum_kg", "step_kg", "highest_value"),
    "zone": ("name", "countries"),
    "break": ("name", "up_to_kg", "price", "each_kg"),  # the name is its zone's
    "surcharge": ("name", "kind", "amount", "special_goods", "areas"),
}
"""By record, what its cells are headed."""

LISTS = ("countries", "special_goods", "areas")
"""Separated by spaces."""

_KNOWN = {"channel", "record"}.union(*HEADINGS.values())

Cells = dict[str, tuple[int, str]]


def read_csv(file: TariffFile, text: str) -> None:
    """What stands in the text, into the file; between the cells are commas, or semicolons as where commas are for decimals."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in text.partition("\n")[0] else ",", strict=True)
    try:
        headings = [cell.strip() for cell in next(rows, [])]
        _check(file, headings)
        for row in rows if not file.problems else ():
            if any(row[len(headings) :]):
                file.wrong("", "There are more cells than headings.", (rows.line_num, len(headings) + 1))
            cells = {name: (place, cell.strip()) for place, (name, cell) in enumerate(zip(headings, row, strict=False), 1) if cell.strip()}
            if cells:
                _take(file, rows.line_num, cells)
    except csv.Error as error:
        file.wrong("", f"Not CSV: {error}.", (rows.line_num, 1))


def _check(file: TariffFile, headings: list[str]) -> None:
    for place, name in enumerate(headings, 1):
        if name not in _KNOWN or name in headings[: place - 1]:
            file.wrong(name, f"Not a heading, or there twice. The headings are {', '.join(sorted(_KNOWN))}.", (1, place))
    if missing := sorted({"channel", "record"}.difference(headings)):
        file.wrong("", f"The first line has no {' and no '.join(missing)}.")


def _take(file: TariffFile, line: int, cells: Cells) -> None:
    """A row's cells, into the part that it is."""
    (_, channel), (_, record) = (cells.pop(name, (1, "")) for name in ("channel", "record"))
    if not channel or record not in HEADINGS:
        file.wrong("", f"A row has a channel, and a record out of {', '.join(HEADINGS)}.", (line, 1))
        return
    found = _part(file, channel, record, line, cells)
    if found is None:
        return
    path, part = found
    file.places.setdefault(path, (line, 1))
    for name, (place, cell) in cells.items():
        below = f"{path}.{name}"
        file.places[below] = (line, place)
        if name in part:
            file.wrong(below, f"{name} stands there twice.")
        part[name] = cell.split() if name in LISTS else cell


def _part(file: TariffFile, channel: str, record: str, line: int, cells: Cells) -> tuple[str, dict[str, Any]] | None:
    """The part that a row is, and its path; None where it belongs to nothing."""
    file.places.setdefault(channel, (line, 1))
    path, part = channel, file.sheets.setdefault(channel, {})
    if record == "tariff":
        return path, part
    if record == "break":
        place, name = cells.pop("name", (1, ""))
        number = next((number for number, zone in enumerate(part.get("zones", ())) if zone.get("name") == name), None)
        if number is None:
            file.wrong(f"{channel}.zones", f"No row above is a zone of {channel} with the name {name!r}.", (line, place))
            return None
        path, part = f"{channel}.zones.{number}", part["zones"][number]
    parts = part.setdefault(f"{record}s", [])
    parts.append({})
    return f"{path}.{record}s.{len(parts) - 1}", parts[-1]
