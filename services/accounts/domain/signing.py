"""Which of the signing keys signs, and which one no token needs any more. A key is published before it signs, and for as long as a token of it lasts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol, TypeVar

LIFETIME = timedelta(minutes=15)
"""How long an access token lasts."""

ANNOUNCED = timedelta(minutes=10)
"""How long a new key is published before it signs: gateways, which ask for keys every minute, have it by then."""

MARGIN = timedelta(minutes=1)
"""How far the clocks of machines may be apart."""


class Key(Protocol):
    @property
    def signs_from(self) -> datetime: ...


K = TypeVar("K", bound=Key)


def current(keys: Sequence[K], now: datetime) -> K | None:
    """The key that signs, of keys in the order in which they were made: the latest whose time has come."""
    return next((key for key in reversed(keys) if key.signs_from <= now), None)


def coming(keys: Sequence[K], now: datetime) -> K | None:
    """The key that will sign next."""
    return keys[-1] if keys and keys[-1].signs_from > now else None


def needed_until(keys: Sequence[K]) -> list[tuple[K, datetime | None]]:
    """Each key with the time when the last token it can have signed is over; None for the latest, which has no successor yet."""
    return [*((key, after.signs_from + LIFETIME + MARGIN) for key, after in pairwise(keys)), *((key, None) for key in keys[-1:])]
