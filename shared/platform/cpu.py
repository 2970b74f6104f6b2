"""CPU-bound work, kept off the hub: argon2 or a PDF on the hub would starve heartbeats and every other request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from eventlet import patcher, tpool

Result = TypeVar("Result")


def offload(function: Callable[..., Result], *args: object) -> Result:
    """`function(*args)` in a native thread of eventlet's bounded pool; called directly where nothing is green."""
    return tpool.execute(function, *args) if patcher.is_monkey_patched("thread") else function(*args)
