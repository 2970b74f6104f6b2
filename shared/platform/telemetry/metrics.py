"""What a process counts and times by itself, and how work is timed. What stands in databases is in `figures`.

Every label has few values: operations, types and routes as the code names them, outcomes, states; never an id, never a client's word.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from shared.platform.context import Context
from shared.platform.telemetry.tracing import Kind, Span

disable_created_metrics()  # a second series beside each, which nobody asks for
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

HTTP = Histogram("tradelane_http_request_duration_seconds", "HTTP requests by route and status.", ("service", "method", "route", "status"), buckets=_SECONDS)
HTTP_REFUSED = Counter("tradelane_http_refused_total", "HTTP requests refused before they reached a route.", ("status",))
EVENT_STREAMS = Gauge("tradelane_event_streams", "Streams of events that are open.")
RPC_SERVER = Histogram("tradelane_rpc_server_duration_seconds", "Calls answered.", ("service", "operation", "outcome"), buckets=_SECONDS)
RPC_CLIENT = Histogram(
    "tradelane_rpc_client_duration_seconds", "Calls made, the way there and back included.", ("service", "peer", "operation", "outcome"), buckets=_SECONDS
)
EVENTS = Histogram("tradelane_event_duration_seconds", "Attempts at received events.", ("service", "type", "outcome"), buckets=_SECONDS)
DUPLICATES = Counter("tradelane_inbox_duplicates_total", "Events that came again and were dropped.", ("service",))
UNDELIVERABLE = Counter("tradelane_events_undeliverable_total", "Messages that are no event of ours, left to the broker's dead letters.", ("service",))
RELAY_BATCHES = Histogram("tradelane_relay_batch_events", "Events in a batch that the broker confirmed.", ("service",), buckets=(1, 5, 20, 100, 500))
RELAY_FAILURES = Counter("tradelane_relay_failures_total", "Rounds of the relay that failed and are tried again.", ("service",))
RELAY_LEASE = Gauge("tradelane_relay_lease", "1 where this process is its service's one relay.", ("service",))


class Timed(Span):
    """A span that is also timed: `labels` are the histogram's but the last, which is the outcome. The first is the service."""

    __slots__ = ("_begun", "_histogram", "labels")

    def __init__(
        self, histogram: Histogram, labels: tuple[str, ...], name: str, kind: Kind, parent: Context, attributes: Mapping[str, Any], *, begins: bool = True
    ) -> None:
        super().__init__(labels[0], name, kind, parent, attributes, begins=begins)
        self._histogram = histogram
        self.labels = labels
        self._begun = time.perf_counter()

    def end(self) -> None:
        super().end()
        _child(self._histogram, *self.labels, self.outcome).observe(time.perf_counter() - self._begun)


@cache
def _child(histogram: Histogram, *labels: str) -> Histogram:
    """The histogram of these labels: few, and looked for at every piece of work."""
    return histogram.labels(*labels)
