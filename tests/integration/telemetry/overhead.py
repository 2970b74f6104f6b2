"""What observing costs: `python -m tests.integration.telemetry.overhead`. Systems that differ only in tracing take turns, on this machine, in one run."""

from __future__ import annotations

import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from shared.platform.context import Context
from shared.platform.telemetry.metrics import RPC_SERVER, Timed
from tests.builders.system import System, embedded_system
from tests.integration.telemetry.collector import running_collector
from tradelane.client import Client
from tradelane.demo.trade_file import DEFAULT, load

ROUNDS, REQUESTS, CONNECTIONS = 7, 200, 4
SYSTEMS = {
    "tracing off": None,
    "one trace in ten": {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"},
    "every trace": {"OTEL_TRACES_SAMPLER": "parentbased_always_on"},
}


def main() -> None:
    """Requests a second of each system, as medians of rounds that take turns, and what one measurement costs."""
    with ExitStack() as stack:
        collector = stack.enter_context(running_collector())
        collector.take = lambda _body: None  # type: ignore[method-assign]  # its own work is none of ours
        sellers: dict[str, list[Client]] = {}
        for name, settings in SYSTEMS.items():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            told = {} if settings is None else settings | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
            sellers[name] = sessions(stack.enter_context(embedded_system(folder, LOG_LEVEL="WARNING", **told)))
        for what, ask in (("GET /v1/products (a call, a query)", read), ("POST /v1/products (a call, a transaction, an event)", write)):
            rates: dict[str, list[float]] = {name: [] for name in sellers}
            for _ in range(ROUNDS):
                for name, clients in sellers.items():
                    rates[name].append(rate(clients, ask))
            base = median(rates["tracing off"])
            for name, measured in rates.items():
                say(f"{what:52} {name:18} {median(measured):7.1f} req/s {median(measured) / base:6.2f}")
    say(f"one measurement without tracing: {measurement() * 1e6:.1f} µs; a request over one call makes three")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def sessions(system: System) -> list[Client]:
    """A supplier on each connection."""
    supplier = system.session("supplier")
    clients = [Client(system.url) for _ in range(CONNECTIONS)]
    for client in clients:
        client.session.headers["Authorization"] = supplier.session.headers["Authorization"]
    return clients


def read(client: Client, _number: int) -> None:
    client.get("/v1/products")


def write(client: Client, number: int) -> None:
    product = load(DEFAULT).products[0]
    client.post("/v1/products", product | {"sku": f"{number}-{time.monotonic_ns()}"})


def rate(clients: list[Client], ask: Callable[[Client, int], None]) -> float:
    begun = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda number: ask(clients[number % CONNECTIONS], number), range(REQUESTS)))
    return REQUESTS / (time.perf_counter() - begun)


def measurement() -> float:
    """Seconds that timing a piece of work costs."""

    def nothing() -> None:
        with Timed(RPC_SERVER, ("overhead", "nothing"), "nothing", "server", Context("c"), {}):
            pass

    return min(timeit.repeat(nothing, number=20_000, repeat=5)) / 20_000


if __name__ == "__main__":
    main()
