"""The workloads, each a module whose `measure(lab)` gives its comparisons."""

from __future__ import annotations

from collections.abc import Callable

from bench.comparison import Comparison
from bench.lab import Lab
from bench.workloads import echo, embedded, events, growth, labels, orders, quotes, scaling, transitions

WORKLOADS: dict[str, Callable[[Lab], list[Comparison]]] = {
    "echo": echo.measure,
    "orders": orders.measure,
    "events": events.measure,
    "transitions": transitions.measure,
    "quotes": quotes.measure,
    "labels": labels.measure,
    "embedded": embedded.measure,
    "scaling": scaling.measure,
    "growth": growth.measure,
}
"""In the order in which they run."""
