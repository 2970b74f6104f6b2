"""How long one waits after failed attempts to prove who one is: a few are free, then each doubles the wait, and all are forgotten by and by."""

from __future__ import annotations

from datetime import datetime, timedelta

FREE = {"name": 5, "account": 5, "address": 100}
"""Failures in a row before the first wait, by what is counted. An address can be that of a whole company, or of a country's telephone network."""

LONGEST = timedelta(minutes=15)
"""However many fail, so that the owner gets in again after it."""

FORGOTTEN = timedelta(minutes=15)
"""In which one failure is forgotten."""

_DOUBLINGS = 10
KEPT = FORGOTTEN * (max(FREE.values()) + _DOUBLINGS + 1)
"""After which no failure counts any more."""


def count(kind: str, failures: int, failed_at: datetime, now: datetime) -> tuple[int, datetime]:
    """One failure more: how many count now, and until when everything is refused. `failures` counted at `failed_at`."""
    counted = min(max(failures - (now - failed_at) // FORGOTTEN, 0), FREE[kind] + _DOUBLINGS) + 1
    beyond = counted - FREE[kind]
    return counted, now + (min(timedelta(seconds=2 ** (beyond - 1)), LONGEST) if beyond > 0 else timedelta(0))
