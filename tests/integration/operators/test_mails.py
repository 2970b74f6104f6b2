"""`tradelane mails`: what was refused is listed, and sent again when it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.accounts.application import mail, mailing
from services.accounts.application.mail_carriers import NotNow, Refused
from shared.kit.ids import new_id
from shared.platform.migrate import migrate
from shared.platform.settings import settings
from tests.builders.database import settings_for
from tradelane.cli import app
from tradelane.databases import database

Run = Callable[..., tuple[int, Any]]


class Post:
    """Takes what is to `li`, refuses what is to `nobody`, and is away for all others."""

    place = "here"

    def deliver(self, letter: mailing.Letter) -> None:
        if letter.recipient.startswith("nobody"):
            raise Refused("550 There is nobody of this name")
        if not letter.recipient.startswith("li"):
            raise NotNow("away")


@pytest.fixture
def mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """`mails(command, …)` after one mail each was sent, refused and held up: its exit status and the JSON it prints."""
    there = settings_for(f"sqlite:///{tmp_path}/accounts.sqlite3")
    migrate(["accounts"], there)
    with database("accounts", there) as run:
        for to in ("li", "nobody", "wu"):
            run(lambda tx, to=to: mail.send(tx, f"{to}@example.com", "News", "Good news."))
        mailing.work_off(lambda work, *args: run(lambda tx: work(tx, *args)), Post())
    settings.cache_clear()
    monkeypatch.setenv("DATABASE", there.database)

    def command(*words: str) -> tuple[int, Any]:
        done = CliRunner().invoke(app, ["mails", *words, "--json"])
        return done.exit_code, json.loads(done.stdout) if done.exit_code < 2 else done.output

    yield command
    settings.cache_clear()


def in_short(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in ("recipient", "state", "attempts", "reason", "ok")) for row in rows]


def test_what_was_refused_and_what_waits_is_listed_the_latest_first(mails: Run) -> None:
    refused = ("nobody@example.com", "failed", 1, "550 There is nobody of this name", False)
    status, rows = mails("list")
    assert (status, in_short(rows)) == (1, [("wu@example.com", "waiting", 1, "away", True), refused])
    status, rows = mails("list", "--state", "sent")
    assert (status, in_short(rows)) == (0, [("li@example.com", "sent", 1, None, True)])
    assert "550 There is nobody of this name" in CliRunner().invoke(app, ["mails", "list"]).output


def test_what_failed_is_sent_again_and_nothing_else(mails: Run) -> None:
    [failed] = mails("list", "--state", "failed")[1]
    [sent] = mails("list", "--state", "sent")[1]
    status, rows = mails("retry", failed["id"], sent["id"], unknown := new_id())
    assert (status, {row["id"]: row["ok"] for row in rows}) == (1, {failed["id"]: True, sent["id"]: False, unknown: False})
    assert [row["attempts"] for row in mails("list", "--state", "waiting")[1] if row["id"] == failed["id"]] == [0]
    assert mails("retry", "--all") == (0, [])


@pytest.mark.parametrize("words", [["retry"], ["retry", "--all", new_id()], ["retry", "not-an-id"], ["list", "--state", "lost"]])
def test_wrong_usage_is_told(mails: Run, words: list[str]) -> None:
    assert mails(*words)[0] == 2
