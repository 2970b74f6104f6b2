"""How logistics says no to a step of an order: the order comes back to its actor with these words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """`reason` is a stable snake_case code, `message` a sentence for the one who has to mend it."""

    reason: str
    message: str
