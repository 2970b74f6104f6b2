"""What observing costs: `python -m tests.integration.telemetry.overhead`. Systems that differ only in tracing take turns, on this machine, in one run.

Told is the system's processor time for a request, all services together: unlike requests a second it hardly depends on what else the machine does.
"""

from __future__ import annotations

import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from shared.platform.context import Context
from shared.platform.settings import UNLIMITED
from shared.platform.telemetry.metrics import RPC_SERVER, Timed
from tests.builders.system import System, embedded_system
from tests.integration.telemetry.collector import running_collector
from tests.integration.telemetry.conftest import scrape, value
from tradelane.client import Client
from tradelane.demo.trade_file import DEFAULT, load

ROUNDS, EXPORT_INTERVAL = 7, 1.0
TRACING = {"tracing off": None, "one trace in ten": "0.1", "every trace": "1.0"}
"""Name → the share of traces that are recorded, or no tracing at all."""
PRODUCT = load(DEFAULT).products[0]


@dataclass
class Subject:
    """A running system, and a supplier in it."""

    system: System
    client: Client

    def cost(self, ask: Callable[[Client], None], requests: int) -> float:
        """Milliseconds of processor time for one request, the exporter's work included."""
        before = self._used()
        for _ in range(requests):
            ask(self.client)
        time.sleep(EXPORT_INTERVAL + 0.2)
        return (self._used() - before) * 1000 / requests

    def _used(self) -> float:
        return value(scrape(f"{self.system.url}/metrics"), "process_cpu_seconds_total")


def main() -> None:
    """The best of rounds in which the systems take turns (what else runs only ever adds), and what one measurement costs."""
    with ExitStack() as stack:
        collector = stack.enter_context(running_collector())
        collector.take = lambda _body: None  # type: ignore[method-assign]  # its own work is none of ours
        subjects: dict[str, Subject] = {}
        for name, share in TRACING.items():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            sampled = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": share} if share else {}
            told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": f"{EXPORT_INTERVAL * 1000:.0f}", **sampled} if share else {}
            system = stack.enter_context(embedded_system(folder, LOG_LEVEL="WARNING", **UNLIMITED, **told))
            subjects[name] = Subject(system, system.session("supplier"))
        for what, ask, requests in (("GET /v1/me", read, 200), ("POST /v1/products", write, 100)):
            for subject in subjects.values():
                subject.cost(ask, requests)  # for the first time, and not counted
            costs: dict[str, list[float]] = {name: [] for name in subjects}
            for _ in range(ROUNDS):
                for name, subject in subjects.items():
                    costs[name].append(subject.cost(ask, requests))
            base = min(costs["tracing off"])
            for name, measured in costs.items():
                sys.stdout.write(f"{what:18} {name:18} {min(measured):6.2f} ms {min(measured) / base:6.2f}\n")
    sys.stdout.write(f"one measurement: {measurement() * 1e6:.1f} µs; a request over one call makes three, each event one\n")


def read(client: Client) -> None:
    client.get("/v1/me")


def write(client: Client) -> None:
    client.post("/v1/products", PRODUCT | {"sku": str(time.monotonic_ns())})


def measurement() -> float:
    """Seconds that timing a piece of work costs, without tracing."""

    def nothing() -> None:
        with Timed(RPC_SERVER, ("overhead", "nothing"), "nothing", "server", Context("c"), {}):
            pass

    return min(timeit.repeat(nothing, number=20_000, repeat=5)) / 20_000


if __name__ == "__main__":
    main()
