"""Every pattern that strangers' text is held against, held against text made to keep it busy: however long, it takes little longer than reading it."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from marshmallow import ValidationError

import services
import shared
from services.logistics.application.carriers.couriers import ups_words
from shared.contracts.fields import Email
from shared.contracts.forms import FORMS
from shared.kit.card_numbers import has_card_number

LONGEST = 0.5
"""Seconds. Each pattern takes some hundredths; one that goes back and forth takes hours."""

_PIECES = (
    "a",
    "0",
    " ",
    "1 ",
    "-",
    "0-",
    "1.",
    ",wait",
    ", ",
    'wait="',
    "=",
    "00-",
    "a1",
    "中",
    "\u30ff",
    "\x00",
    "t=1,v1=0",
    "{a",
    "A0",
    "return ",
    "(",
    "\n",
)
TEXTS = [piece * (50_000 // len(piece)) + end for piece in _PIECES for end in ("", "!")]


def patterns(value: Any, where: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    if isinstance(value, re.Pattern):
        yield where, value
    elif isinstance(value, dict):
        for each in value.values():
            yield from patterns(each, where)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from patterns(each, where)


def all_patterns() -> dict[tuple[str, str], re.Pattern[str]]:
    found = {(name, pattern.pattern): pattern for name, pattern in forms_patterns()}
    for package in (shared, services):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name:
                for name, value in vars(importlib.import_module(module.name)).items():
                    for where, pattern in patterns(value, f"{module.name}.{name}"):
                        if isinstance(pattern.pattern, str):
                            found[where, pattern.pattern] = pattern
    return found


def forms_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for name, form in FORMS.items():
        for field in form().fields.values():
            for check in field.validators:
                yield from patterns(getattr(check, "regex", None), name)


BOUNDED = {"services.logistics.application.carriers.couriers._UPS_WORDS": 300, "shared.platform.web.request._TRACEPARENT": 8190}
"""How much text those see that would take longer."""


@pytest.mark.parametrize(
    ("where", "pattern"), [(where, pattern) for (where, _), pattern in sorted(all_patterns().items(), key=str)], ids=lambda each: str(each)[:60]
)
def test_no_text_keeps_a_pattern_busy(where: str, pattern: re.Pattern[str]) -> None:
    for text in TEXTS:
        started = time.thread_time()
        pattern.fullmatch(text[: BOUNDED.get(where)])
        pattern.search(text[: BOUNDED.get(where)])
        assert time.thread_time() - started < LONGEST, text[:20]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text[:8] + text[-1]))
def test_nor_does_any_keep_busy_what_is_built_of_patterns(text: str) -> None:
    started = time.thread_time()
    has_card_number(text)
    has_card_number(text[:10_000])
    ups_words("D", text)
    with pytest.raises(ValidationError):
        Email().deserialize(f"{text}@host.example")
    assert time.thread_time() - started < LONGEST


def test_the_search_for_patterns_finds_them() -> None:
    assert len(all_patterns()) > 20
