"""Exchange rates as a CSV file: `base,quote,rate,valid_from,valid_until` with a header. Every wrong cell is told by its line and column."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError

from services.payments.application import exchange
from services.payments.domain.exchange import Rate
from shared.contracts.exchange import NewRate
from shared.contracts.validation import flatten, instance
from shared.platform.database import Transaction

COLUMNS = ("base", "quote", "rate", "valid_from", "valid_until")
_LAST_MAY_BE_LEFT_OUT = COLUMNS[:-1]

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Problem = Mapping[str, Any]
"""`line` (1 is the header's), `column` ("" where it is the whole line) and `message`."""


def read(lines: Sequence[str]) -> tuple[dict[int, Rate], list[Problem]]:
    """The rates by their lines, and what cannot be read. A day stands for its first moment in UTC; an empty `valid_until` for no end."""
    reader = csv.reader(lines, strict=True)
    rates: dict[int, Rate] = {}
    problems: list[Problem] = []
    try:
        header = tuple(cell.strip() for cell in next(reader, ()))
        if header not in (COLUMNS, _LAST_MAY_BE_LEFT_OUT):
            return {}, [_problem(1, "", f"The header must be {','.join(COLUMNS)}; the last may be left out.")]
        for cells in filter(None, reader):  # empty lines mean nothing
            problems += _row(reader.line_num, header, cells, rates)
    except csv.Error as error:
        problems.append(_problem(reader.line_num, "", f"Not CSV: {error}."))
    if not (rates or problems):
        problems.append(_problem(1, "", "There is no rate in it."))
    return rates, problems


def check(tx: Transaction, rates: Mapping[int, Rate]) -> list[Problem]:
    """What is wrong with the rates by themselves, or beside those of the table."""
    lines = list(rates)
    found = ((field.split("."), messages) for field, messages in exchange.check(tx, list(rates.values())).items())
    return [_problem(lines[int(row)], column, message) for (_, row, column), messages in found for message in messages]


def _row(line: int, header: tuple[str, ...], cells: list[str], rates: dict[int, Rate]) -> Iterator[Problem]:
    if len(cells) != len(header):
        yield _problem(line, "", f"It has {len(cells)} cells, the header {len(header)}.")
        return
    given = {name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()}
    given |= {name: f"{given[name]}T00:00:00Z" for name in ("valid_from", "valid_until") if _DAY.fullmatch(given.get(name, ""))}
    try:
        rates[line] = exchange.read([instance(NewRate).load(given)])[0]
    except ValidationError as error:
        for column, messages in flatten(error.messages).items():
            yield from (_problem(line, column, message) for message in messages)


def _problem(line: int, column: str, message: str) -> Problem:
    return {"line": line, "column": column, "message": message}
