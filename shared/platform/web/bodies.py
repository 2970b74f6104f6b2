"""How much of all requests' bodies is in memory at a time, whoever sends them: a limit for each of them says nothing of hundreds that are slow."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from shared.kit.errors import Unavailable


class Holder(Protocol):
    """A connection. `waits_since` is None while its request is at work."""

    client: str
    waits_since: float | None

    def cut(self) -> None: ...


class Bodies:
    """Bytes by connection, `most` in all. Where there would be more, the address that has the most of them loses its largest that is still coming."""

    def __init__(self, most: int) -> None:
        self._most, self._total = most, 0
        self._held: dict[Holder, int] = {}

    def grow(self, holder: Holder, size: int) -> None:
        """Unavailable where it is this one that has to go."""
        self._held[holder] = self._held.get(holder, 0) + size
        self._total += size
        while self._total > self._most:
            largest = self._largest()
            self.release(largest or holder)
            if largest in (None, holder):
                raise Unavailable("overloaded", "More bodies are coming in than can be held at a time; try again shortly.")
            largest.cut()

    def release(self, holder: Holder) -> None:
        """Its request is answered, or it is gone."""
        self._total -= self._held.pop(holder, 0)

    def _largest(self) -> Holder | None:
        by_client: Counter[str] = Counter()
        for holder, size in self._held.items():
            by_client[holder.client] += size
        coming = [holder for holder in self._held if holder.waits_since is not None]
        return max(coming, key=lambda holder: (by_client[holder.client], self._held[holder]), default=None)
