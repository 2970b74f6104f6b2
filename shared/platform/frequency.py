"""How often something may be done, as settings say it: `600/minute`."""

from __future__ import annotations

import re
from typing import NamedTuple

SECONDS = {"second": 1, "minute": 60, "hour": 3600}
NOTATION = re.compile(rf"([1-9][0-9]{{0,8}})/({'|'.join(SECONDS)})|")

UNLIMITED = {"RATE_LIMIT": "", "RATE_LIMIT_ADDRESS": "", "RATE_LIMIT_CREDENTIALS": ""}
"""The environment of a gateway that answers as often as it can: for benchmarks and fault tests, which ask for all their traders from one place."""


class Frequency(NamedTuple):
    """So many times in a second, minute or hour."""

    times: int
    unit: str

    @property
    def seconds(self) -> int:
        return SECONDS[self.unit]


def read_frequency(text: str) -> Frequency | None:
    """What `NOTATION` matches; None for an empty text: as often as one likes."""
    found = NOTATION.fullmatch(text)
    assert found, text
    return Frequency(int(found[1]), found[2]) if text else None
