"""The port that carriers sit behind. What a carrier tells is kept as it came (`raw`) beside what it means in the common vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Told:
    """A tracking event as a carrier tells it: `raw` is its own JSON, status and reason are Karrio's words."""

    waybill_number: str
    event_id: str
    status: str
    occurred_at: datetime
    raw: str
    reason: str | None = None
    description: str | None = None
    location: str | None = None
    country: str | None = None


class CarrierUnavailable(Exception):
    """The carrier cannot be reached, or does not answer as agreed: it is asked again later."""


class Carrier(Protocol):
    """One carrier, as its access is configured."""

    @property
    def code(self) -> str: ...

    def read(self, body: str, signatures: Mapping[str, str], now: datetime) -> list[Told]:
        """What a callback tells. Unauthenticated where it is not signed by the carrier, Invalid or Malformed where it cannot be read."""

    def track(self, waybills: Sequence[str]) -> list[Told]:
        """All that the carrier knows of these numbers. CarrierUnavailable where it does not tell."""
