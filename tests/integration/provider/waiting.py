"""Waiting for what happens in another process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 60.0

Value = TypeVar("Value")


def eventually(look: Callable[[], Value], wanted: Callable[[Value], bool]) -> Value:
    """What is seen once it is as wanted."""
    deadline = time.monotonic() + PATIENCE
    while not wanted(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.02)
    return seen
