"""What others wrote does nothing to a terminal or a log, and can still be read there."""

from __future__ import annotations

import json
import logging

import pytest

from shared.kit.printing import printable
from shared.platform.settings import settings
from shared.platform.telemetry.logs import set_up_logging
from tradelane.tables import show, show_whole

WORDS = "a\x1b[2J\x9b31m\rb\u202ec\x00\ud800"


def test_what_would_move_something_is_shown_as_what_it_is() -> None:
    assert printable(f"{WORDS}\n日本語\t") == "a\\u001b[2J\\u009b31m\\u000db\\u202ec\\u0000\\ud800\n日本語\t"
    assert printable("two\nlines", lines=False) == "two\\u000alines"
    assert json.loads(printable(json.dumps(WORDS, ensure_ascii=False))) == WORDS


@pytest.mark.parametrize("as_json", [True, False])
def test_a_command_shows_it_harmless(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    row = {"ok": True, "error": f"{WORDS} [bold]x[/bold]", "content": {"name": WORDS}}
    show([row], {"error": "{error}", "content": "{content}"}, as_json, "nothing")
    show_whole([row], as_json)
    shown = capsys.readouterr().out
    assert shown.count("\\u001b[2J") == 4
    assert "[bold]" in shown
    assert shown.isprintable() or not {*shown} & {*WORDS} - {*"abcmJ231[ "}


def test_nobodys_words_make_a_line_of_the_log(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    try:
        set_up_logging(settings(), "orders")
        forged = "x\n2026-01-01 00:00:00,000 INFO    orders tradelane.access: \x1b[32mall is well"
        try:
            raise ValueError(forged)
        except ValueError:
            logging.getLogger("test").exception("%s", forged)
    finally:
        logging.captureWarnings(False)
        root.setLevel(level)
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert said.count("all is well") == 2
    assert [line for line in said.splitlines() if not line.startswith("    ")] == [said.splitlines()[0]]
    assert "test: x\\u000a2026-01-01" in said
