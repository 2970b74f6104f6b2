"""What clients and faults did, written down as it happens: what the checker holds against the books."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from threading import Lock

Act = tuple[str, str]
"""An order's id and the name of an action on it."""


@dataclass
class Tally:
    """Filled in by many threads. Times are those of the monotonic clock, in seconds."""

    began: int = 0
    finished: int = 0
    attempts: int = 0
    placed: dict[int, str] = field(default_factory=dict)
    """A trade's number → its order's id, once the placing was answered."""
    done: Counter[Act] = field(default_factory=Counter)
    """How many commands, each with a key of its own, were answered with success, by what they did."""
    deposited: set[str] = field(default_factory=set)
    booked: Counter[str] = field(default_factory=Counter)
    """How many logistics orders were answered as booked, by their order's id."""
    top_ups: Counter[str] = field(default_factory=Counter)
    """How many top-ups of freight accounts were answered, by where they come from: `balance` or `card`."""
    answers: list[tuple[float, float]] = field(default_factory=list)
    """Of each answered command: when it was first sent, when the answer came."""
    faults: list[tuple[float, str, bool]] = field(default_factory=list)
    """When, which, and whether it took something away that had to be recovered from."""
    kills: Counter[str] = field(default_factory=Counter)
    """Processes that were killed, by how."""
    poisoned: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    """What should not happen, in words."""
    begun: float = field(default_factory=time.monotonic)
    """When there was somebody to ask."""
    lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def silence(self) -> float:
        """Seconds since anybody was answered."""
        return time.monotonic() - (self.answers[-1][1] if self.answers else self.begun)

    def count(self, name: str, number: int = 1) -> None:
        with self.lock:
            setattr(self, name, getattr(self, name) + number)

    def topped_up(self, way: str) -> None:
        with self.lock:
            self.top_ups[way] += 1

    def answered(self, sent: float) -> None:
        with self.lock:
            self.answers.append((sent, time.monotonic()))

    def fault(self, name: str, *, outage: bool) -> None:
        with self.lock:
            self.faults.append((time.monotonic(), name, outage))

    def killed(self, how: str) -> None:
        with self.lock:
            self.kills[how] += 1

    def trouble(self, words: str) -> None:
        with self.lock:
            self.troubles[words] += 1

    def recoveries(self) -> list[tuple[str, float]]:
        """For each outage, the seconds from its beginning to the first answer to a command that was sent after it; left out where no command came after it."""
        with self.lock:
            answers, faults = sorted(self.answers), [(at, name) for at, name, outage in self.faults if outage]
        sent = [each for each, _ in answers]
        first = [*accumulate((answered for _, answered in reversed(answers)), min)][::-1]  # the earliest answer to any sent from here on
        return [(name, first[place] - at) for at, name in faults if (place := bisect_left(sent, at)) < len(first)]


def percentile(values: Iterable[float], share: float) -> float:
    """The nearest-rank percentile; 0 where there are no values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
