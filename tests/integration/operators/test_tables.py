"""How rows are shown: the same facts to people and to programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tradelane import tables

ROW = {"name": "orders", "count": 1234, "at": datetime(2026, 3, 1, 12, 30, tzinfo=UTC), "facts": {"sent": 5000, "unsent": 0}, "note": None, "ok": True}
COLUMNS = {"name": "{name}", "of": "{count}", "when": "{at}", "facts": "{facts}", "note": "{note}", "fine": "{ok}"}


def shown(capsys: pytest.CaptureFixture[str], rows: list[dict[str, Any]], as_json: bool = False) -> tuple[int, str]:
    return tables.show(rows, COLUMNS, as_json, "nothing here"), capsys.readouterr().out


def test_a_table_has_the_rows_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    status, table = shown(capsys, [ROW])
    heading, line = (row.split("┃" if row.startswith("┃") else "│") for row in table.splitlines() if row[0] in "┃│")
    assert [cell.strip() for cell in heading if cell.strip()] == list(COLUMNS)
    assert [cell.strip() for cell in line[1:-1]] == ["orders", "1,234", "2026-03-01 12:30:00Z", "sent 5,000, unsent 0", "", "yes"]
    assert status == 0


def test_json_has_the_rows_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    status, printed = shown(capsys, [ROW, ROW | {"ok": False}], as_json=True)
    assert json.loads(printed)[0] == ROW | {"at": "2026-03-01T12:30:00+00:00"}
    assert status == 1


def test_no_row_is_a_sentence_or_an_empty_list_and_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, []) == (0, "nothing here\n")
    assert shown(capsys, [], as_json=True) == (0, "[]\n")


def test_text_is_shown_as_it_is_whatever_it_looks_like(capsys: pytest.CaptureFixture[str]) -> None:
    text = "[red]not markup[/] {name} :warning:"
    assert text in shown(capsys, [ROW | {"name": text}])[1]
    tables.show_whole([{"error": text, "content": {"body": text}}], as_json=False)
    assert capsys.readouterr().out.count(text) == 2
