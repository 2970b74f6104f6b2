"""One system on real servers that tells all it can: metrics of every process, traces to a collector here, log lines as JSON."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from shared.platform.settings import SERVICES
from tests.builders.system import System, real_system
from tests.integration.telemetry.collector import Collector, running_collector
from tests.servers.processes import free_port
from tradelane.client import Json
from tradelane.demo.trade_file import DEFAULT, load
from tradelane.demo.walk import Walk

Page = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass(frozen=True)
class Observed:
    system: System
    collector: Collector
    metrics_port: int

    def page(self, service: str) -> Page:
        """What the service's process tells Prometheus."""
        return scrape(f"http://127.0.0.1:{self.metrics_port + SERVICES.index(service)}/metrics")


def scrape(url: str) -> Page:
    """(sample, its labels) → value."""
    answer = requests.get(url, timeout=30)
    answer.raise_for_status()
    families = text_string_to_metric_families(answer.text)
    return {(sample.name, frozenset(sample.labels.items())): sample.value for family in families for sample in family.samples}


def value(page: Page, name: str, **labels: str) -> float:
    """The sum of the samples with these labels, whatever others they have; KeyError where there is none."""
    found = [each for (sample, told), each in page.items() if sample == name and labels.items() <= dict(told).items()]
    if not found:
        raise KeyError(name, labels)
    return sum(found)


def row_of_ports(length: int) -> int:
    """The first of so many free ports in a row."""
    while True:
        first = free_port()
        try:
            probes = [socket.create_server(("127.0.0.1", port)) for port in range(first, first + length)]
        except (OSError, OverflowError):
            continue
        for probe in probes:
            probe.close()
        return first


@pytest.fixture(scope="package")
def observed(broker_url: str, management_url: str, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    port = row_of_ports(len(SERVICES))
    with running_collector() as collector:
        told = {"METRICS_PORT": str(port), "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200", "LOG_FORMAT": "json"}
        with real_system(broker_url, management_url, database_url, tmp_path_factory.mktemp("observed"), **told) as system:
            yield Observed(system, collector, port)


@pytest.fixture(scope="package")
def walk(observed: Observed) -> Walk:
    return Walk(load(DEFAULT), observed.system.url, observed.system.operator())


@pytest.fixture(scope="package")
def order(walk: Walk) -> Json:
    """A trade from enquiry to goods received, in that system."""
    return walk.run()
