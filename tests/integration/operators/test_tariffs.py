"""`tradelane tariffs`: checked before it is loaded, loaded as a whole, and shown as it can be loaded again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from services.logistics.application.channel_list import CHANNELS
from shared.kit.clock import utc_now
from tests.integration.operators.scene import Operator

TOMORROW = utc_now().date() + timedelta(1)
SHEET = f"""\
express:
  currency: USD
  valid_from: {TOMORROW}
  zones:
    - name: north
      countries: [NO, SE]
      breaks: [{{up_to_kg: 5, price: 12.00}}, {{up_to_kg: 70, price: 2.50, each_kg: 0.5}}]
    - {{name: all, countries: ["*"], breaks: [{{up_to_kg: 70, price: 9.00, each_kg: 1}}]}}
  surcharges:
    - {{name: Fuel, kind: percent, amount: 12.5}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(SHEET)
    return path


def listed(operator: Operator) -> list[tuple[str, str, bool]]:
    return [(row["channel"], row["valid_from"], row["in_force"]) for row in operator.run("tariffs", "list", "--json").rows]


def test_a_file_is_checked_without_being_loaded(operator: Operator, file: Path) -> None:
    done = operator.run("tariffs", "check", str(file), "--json")
    assert (done.status, done.rows) == (0, [{"channel": "express", "valid_from": f"{TOMORROW}", "outcome": "can be loaded", "ok": True}])
    assert listed(operator) == []


def test_what_is_wrong_is_told_by_line_and_column_and_nothing_is_loaded(operator: Operator, file: Path) -> None:
    file.write_text(SHEET.replace("12.00", "12.001") + SHEET.replace("express", "air_freight"))
    for command in ("check", "load"):
        done = operator.run("tariffs", command, str(file), "--json")
        problem = {"line": 7, "column": 37, "field": "express.zones.0.breaks.0.price", "problem": "USD has 2 decimals, 12.001 has more.", "ok": False}
        assert (done.status, done.rows) == (1, [problem])
    assert "USD has 2 decimals" in operator.run("tariffs", "load", str(file)).out
    assert listed(operator) == []


def test_a_file_is_loaded_once_and_then_listed(operator: Operator, file: Path) -> None:
    outcomes = [operator.run("tariffs", "load", str(file), "--json").rows[0]["outcome"] for _ in range(2)]
    assert outcomes == ["loaded", "is there already"]
    assert listed(operator) == [("express", f"{TOMORROW}", False)]
    assert "express" in operator.run("tariffs", "list").out


def test_a_tariff_is_shown_as_a_file_that_is_the_same_when_it_is_loaded(operator: Operator, file: Path) -> None:
    made = operator.run("tariffs", "load", str(file), "--json").rows[0]["id"]
    shown = operator.run("tariffs", "show", "express", "--id", made)
    assert shown.status == 0
    file.write_text(shown.out)
    assert operator.run("tariffs", "load", str(file), "--json").rows[0] == {
        "channel": "express", "valid_from": f"{TOMORROW}", "id": made, "outcome": "is there already", "ok": True,
    }  # fmt: skip


def test_migrate_gives_channels_without_a_tariff_the_shipped_one(operator: Operator, file: Path) -> None:
    file.write_text(SHEET.replace(f"{TOMORROW}", "2024-01-01"))
    operator.run("tariffs", "load", str(file))
    for _ in range(2):
        assert operator.run("migrate", "logistics").status == 0
    assert sorted(listed(operator)) == sorted((channel, "2024-01-01" if channel == "express" else "2025-01-01", True) for channel in CHANNELS)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("check", "nowhere.yaml"), "nowhere.yaml cannot be read: No such file or directory."),
        (("load", "nowhere.csv"), "nowhere.csv cannot be read"),
        (("show", "pigeon_post"), "There is no logistics channel pigeon_post."),
        (("show", "express"), "express has no tariff for today."),
        (("show", "express", "--id", "1"), "tariff_id: Not a valid UUID."),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(operator: Operator, words: tuple[str, ...], told: str) -> None:
    done = operator.run("tariffs", *words)
    assert done.status == 1
    assert told in done.err


def test_a_database_that_is_away_is_told(operator: Operator, file: Path) -> None:
    operator.environment.setenv("DATABASE_LOGISTICS", "postgresql://nobody@127.0.0.1:1/nothing")
    done = operator.run("tariffs", "load", str(file))
    assert done.status == 1
    assert "The database of logistics does not answer as it should" in done.err
