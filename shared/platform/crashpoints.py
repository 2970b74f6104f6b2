"""Named places at which this process kills itself where the setting `CRASH_POINT` says so: they let the fault harness show that nothing is lost there.

Without the setting a place does nothing; production mode refuses the setting.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from functools import cache

from shared.platform.settings import settings

POINTS = (
    "before_commit", "after_commit",  # of a transaction that publishes something
    "before_publish", "after_publish", "after_confirm",  # of an event in the outbox
    "before_ack", "after_ack",  # of a delivered event
    "before_reply", "after_reply",  # to a call, which is acknowledged after it
)  # fmt: skip


def reach(point: str, *, meant: object = True) -> None:
    """Die here, as by a power cut, as often as the setting says. `meant` is false where a pass is none of those the point stands for."""
    armed, chance = _armed()
    if armed == point and meant and chance():
        os.kill(os.getpid(), signal.SIGKILL)


@cache
def _armed() -> tuple[str, Callable[[], bool]]:
    """The point that the setting `name:probability:seed` names, and the draw that decides at each pass."""
    if not settings().crash_point:
        return "", lambda: False
    name, probability, seed = settings().crash_point.split(":")
    draws = random.Random(seed)  # noqa: S311 - a reproducible schedule, no secret
    return name, lambda: draws.random() < float(probability)
