"""`tradelane rates`: the rate table in the payments service's own database, read and added to from a CSV file, all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from services.payments.application import exchange, rate_file
from services.payments.domain.exchange import Rate
from shared.kit.clock import utc_now
from shared.kit.errors import Invalid
from shared.platform.settings import Settings
from tradelane.databases import database
from tradelane.tables import Row

BY = "command line"


def check(file: Path, settings: Settings) -> list[Row]:
    """A row for each thing that is wrong with the file, not `ok`; none where it can be loaded."""
    return [{**each, "ok": False} for each in _read(file, settings)[1]]


def load(file: Path, settings: Settings) -> list[Row]:
    """A row for each rate and what became of it; or, and nothing is loaded, for each thing that is wrong."""
    rates, problems = _read(file, settings)
    if problems:
        return [{**each, "ok": False} for each in problems]
    with database("payments", settings) as run:
        new: list[bool] = run(lambda tx: exchange.put(tx, list(rates.values()), BY))
    outcomes = zip(rates.items(), new, strict=True)
    return [{"line": line, **_row(rate), "outcome": "added" if added else "there already"} for (line, rate), added in outcomes]


def every(settings: Settings, whole: bool) -> list[Row]:
    """The rates that count now; with `whole` all there are."""
    with database("payments", settings) as run:
        rates: Sequence[Rate] = run(exchange.every_rate if whole else lambda tx: exchange.rates_at(tx, utc_now()))
    return [_row(rate) for rate in rates]


def _read(file: Path, settings: Settings) -> tuple[dict[int, Rate], Sequence[rate_file.Problem]]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("file_unreadable", f"{file} cannot be read: {error}") from error
    rates, problems = rate_file.read(lines)
    if rates:
        with database("payments", settings) as run:
            problems += run(lambda tx: rate_file.check(tx, rates))
    return rates, sorted(problems, key=lambda each: each["line"])


def _row(rate: Rate) -> dict[str, object]:
    return {
        "base": rate.base,
        "quote": rate.quote,
        "rate": f"{rate.rate:f}",
        "valid_from": rate.valid_from,
        "valid_until": rate.valid_until,
        "id": rate.id,
        "ok": True,
    }
