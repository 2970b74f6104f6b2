"""`tradelane rates`: a file is checked, loaded all or none, and the table listed; for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shared.platform.migrate import migrate
from shared.platform.settings import Settings, settings
from tests.builders.database import settings_for
from tradelane.cli import app

HEADER = "base,quote,rate,valid_from,valid_until\n"

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def rates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`rates(command, csv)`: the command's exit status and what it prints."""
    there: Settings = settings_for(f"sqlite:///{tmp_path}/payments.sqlite3")
    migrate(["payments"], there)
    settings.cache_clear()
    monkeypatch.setenv("DATABASE", there.database)

    def run(*words: str, csv: str | None = None) -> tuple[int, str]:
        file = tmp_path / "rates.csv"
        file.write_text(csv or "")
        done = CliRunner().invoke(app, ["rates", *words, *([str(file)] if csv is not None else [])], env={"COLUMNS": "200"})
        return done.exit_code, done.stdout

    yield run
    settings.cache_clear()


def test_a_file_is_checked_loaded_and_listed(rates: Run) -> None:
    csv = HEADER + "EUR,USD,1.0842,2026-01-01,\nEUR,CNY,7.8,2026-01-01,2100-01-01\nEUR,USD,1.05,2025-01-01,\n"
    status, printed = rates("check", csv=csv)
    assert (status, printed.endswith("can be loaded\n")) == (0, True)
    assert rates("list") == (0, "there are no rates\n")
    assert outcomes(rates("load", "--json", csv=csv)) == ["added"] * 3
    assert outcomes(rates("load", "--json", csv=csv)) == ["there already"] * 3
    assert [(each["base"], each["quote"], each["rate"]) for each in rows(rates("list", "--json"))] == [("EUR", "CNY", "7.8"), ("EUR", "USD", "1.0842")]
    assert len(rows(rates("list", "--all", "--json"))) == 3
    assert "EUR/USD" in rates("list")[1]


def test_a_wrong_file_is_told_by_line_and_column_and_nothing_of_it_is_loaded(rates: Run) -> None:
    rates("load", csv=HEADER + "EUR,USD,1.0842,2026-01-01,\n")
    wrong = HEADER + "EUR,CNY,7.8,2026-01-01,\nEUR,USD,1.09,2026-01-01,\nEUR,JPY,162,2026-01-01,2025-01-01\nEUR,GBP,x,2026-01-01,\n"
    for command in ("check", "load"):
        status, printed = rates(command, "--json", csv=wrong)
        assert status == 1
        assert [(each["line"], each["column"]) for each in json.loads(printed)] == [(3, "valid_from"), (4, "valid_until"), (5, "rate")]
    assert len(rows(rates("list", "--all", "--json"))) == 1
    status, printed = rates("load", csv=wrong)
    assert (status, "Must be after valid_from." in printed) == (1, True)


def rows(done: tuple[int, str]) -> list[dict[str, Any]]:
    assert done[0] == 0
    return json.loads(done[1])  # type: ignore[no-any-return]


def outcomes(done: tuple[int, str]) -> list[str]:
    return [each["outcome"] for each in rows(done)]
