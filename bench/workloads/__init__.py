"""The workloads, each a module whose `measure(lab)` gives its comparisons."""

from __future__ import annotations

from collections.abc import Callable

from bench.comparison import Comparison
from bench.lab import Lab
from bench.workloads import echo, embedded, events, scaling

WORKLOADS: dict[str, Callable[[Lab], list[Comparison]]] = {
    "echo": echo.measure,
    "events": events.measure,
    "embedded": embedded.measure,
    "scaling": scaling.measure,
}
"""In the order in which they run."""
