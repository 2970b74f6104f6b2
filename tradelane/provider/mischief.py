"""What the sandbox does wrong on demand, and the dice that decide when."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass
from typing import Any

from marshmallow import fields, validate

from shared.contracts.fields import Shape


@dataclass(frozen=True, slots=True)
class Mischief:
    """Probabilities from 0 to 1, but for those that end in `_s`, which are the most seconds; all off by default."""

    seed: int = 0
    decline: float = 0  # an authorization is declined
    delay_s: float = 0  # a callback comes up to so much later
    duplicate: float = 0  # a callback comes twice
    reorder: float = 0  # a callback comes after the next one of its payment
    lose: float = 0  # a callback never comes
    error_before: float = 0  # a call is answered 500, and nothing is done
    error_after: float = 0  # it is done, and then answered 500
    slow_s: float = 0  # it is done, and answered so much later; at once when the mischief changes

    def dump(self) -> dict[str, Any]:
        return asdict(self)


_probability, _seconds = validate.Range(0, 1), validate.Range(0, 600)


class MischiefShape(Shape):
    """Every part may be left out."""

    seed = fields.Integer(strict=True)
    decline = fields.Float(validate=_probability)
    delay_s = fields.Float(validate=_seconds)
    duplicate = fields.Float(validate=_probability)
    reorder = fields.Float(validate=_probability)
    lose = fields.Float(validate=_probability)
    error_before = fields.Float(validate=_probability)
    error_after = fields.Float(validate=_probability)
    slow_s = fields.Float(validate=_seconds)


class Dice:
    """One sequence of throws a seed: the same calls in the same order have the same luck. Safe to throw from any thread."""

    def __init__(self, mischief: Mischief) -> None:
        self._lock = threading.Lock()
        self.take(mischief)

    def take(self, mischief: Mischief) -> None:
        """Begin anew with this. Answers that are held back are let go."""
        with self._lock:
            held = getattr(self, "_changed", None)
            self.mischief, self._random, self._changed = mischief, random.Random(mischief.seed), threading.Event()  # noqa: S311 - a die, no secret
        if held:
            held.set()

    def falls(self, what: str) -> bool:
        """Whether the mischief of this name, a probability, happens now."""
        with self._lock:
            probability: float = getattr(self.mischief, what)
            return probability > 0 and self._random.random() < probability

    def seconds(self, what: str) -> float:
        """From none to the most that it may be."""
        with self._lock:
            most: float = getattr(self.mischief, what)
            return most and self._random.uniform(0, most)

    def hold(self) -> None:
        """Keep the caller waiting, if that is on, for all of `slow_s`."""
        with self._lock:
            seconds, changed = self.mischief.slow_s, self._changed
        if seconds:
            changed.wait(seconds)
