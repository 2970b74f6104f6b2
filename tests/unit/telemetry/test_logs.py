"""Log lines for machines: one JSON object each, with what is needed to find all the others of the same request."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from shared.platform import context
from shared.platform.context import Context
from shared.platform.settings import settings
from shared.platform.telemetry import set_up_logging

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_tells_service_time_and_request(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(replace(settings(), log_format="json"), "orders")
    context.enter(Context("order-7", "", f"00-{TRACE}-{SPAN}-01"))
    logging.getLogger("tradelane.test").info("paid %d\nand more", 7)
    (line,) = lines(capsys)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "name": "tradelane.test",
        "message": "paid 7\nand more",
        "service": "orders",
        "correlation_id": "order-7",
        "trace_id": TRACE,
        "span_id": SPAN,
    }


def test_without_a_trace_there_is_no_empty_one(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(replace(settings(), log_format="json"), "orders")
    context.enter(Context("order-7"))
    logging.getLogger("tradelane.test").info("paid")
    assert not {"trace_id", "span_id"} & lines(capsys)[0].keys()


def test_errors_and_warnings_are_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(replace(settings(), log_format="json"), "orders")
    try:
        raise KeyError("lost")
    except KeyError:
        logging.getLogger("tradelane.test").exception("failed")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    failed, warned = lines(capsys)
    assert "KeyError: 'lost'" in failed["exc_info"]
    assert "DeprecationWarning: old" in warned["message"]


def test_for_people_it_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(replace(settings(), log_format="text"), "orders")
    logging.getLogger("tradelane.test").info("paid")
    assert capsys.readouterr().err.endswith(" INFO    orders tradelane.test: paid\n")
