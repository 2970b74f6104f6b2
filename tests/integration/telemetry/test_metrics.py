"""After a trade on real servers every process tells its part of it to Prometheus."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from shared.platform.settings import SERVICES
from tests.builders.system import embedded_system
from tests.integration.telemetry.conftest import Observed, Page, scrape, value
from tradelane.client import Json
from tradelane.demo.trade_file import DEFAULT, load
from tradelane.demo.walk import Walk

ROOT = Path(__file__).parents[3]
WITH_DATABASE = [service for service in SERVICES if service != "gateway"]
pytestmark = pytest.mark.timeout(240)  # the first of them starts the system


def page_where(read: Callable[[], Page], name: str, expected: float, **labels: str) -> Page:
    """The page as soon as it tells what is expected: the last events leave after the trade's last answer, and a census rests."""
    deadline = time.monotonic() + 30
    while value(page := read(), name, **labels) != expected:
        assert time.monotonic() < deadline, value(page, name, **labels)
        time.sleep(0.2)
    return page


def test_the_gateway_tells_requests_by_route_and_its_calls(observed: Observed, order: Json) -> None:
    page = scrape(f"{observed.system.url}/metrics")
    acted = {"method": "POST", "route": "/v1/orders/{id}/actions/{action}"}
    assert value(page, "tradelane_http_request_duration_seconds_count", **acted) >= 8
    assert value(page, "tradelane_http_request_duration_seconds_count", route="/v1/enquiries", status="201") == 1
    calls = {"service": "gateway", "peer": "orders", "operation": "act_on_order", "outcome": "ok"}
    assert value(page, "tradelane_rpc_client_duration_seconds_count", **calls) >= 8
    assert not [name for name, labels in page if name == "tradelane_rpc_server_duration_seconds_count"]  # other processes'


def test_orders_tells_calls_events_and_orders_by_state(observed: Observed, order: Json) -> None:
    page = page_where(lambda: observed.page("orders"), "tradelane_orders", 1, state="completed")
    assert value(page, "tradelane_rpc_server_duration_seconds_count", operation="act_on_order", outcome="ok") >= 8
    assert value(page, "tradelane_rpc_server_duration_seconds_sum", operation="act_on_order") > 0
    assert value(page, "tradelane_rpc_client_duration_seconds_count", service="orders", peer="catalog", operation="products_by_id") >= 1
    assert value(page, "tradelane_event_duration_seconds_count", type="payments.payment_recorded.v1", outcome="ok") == 1
    assert value(page, "tradelane_orders", state="in_transit") == 0
    batches = value(page, "tradelane_relay_batch_events_count", service="orders")
    assert 1 <= batches <= value(page, "tradelane_relay_batch_events_sum", service="orders")


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_every_process_with_a_database_tells_how_its_events_stand(observed: Observed, order: Json, service: str) -> None:
    page = page_where(lambda: observed.page(service), "tradelane_outbox_events", 0, service=service)
    assert value(page, "tradelane_figures_read", service=service) == 1
    assert value(page, "tradelane_outbox_oldest_age_seconds", service=service) == 0
    for state in ("pending", "dead", "dropped"):
        assert value(page, "tradelane_inbox_events", service=service, state=state) == 0
    assert value(page, "tradelane_relay_lease", service=service) == 1
    assert value(page, "tradelane_relay_failures_total", service=service) == 0
    assert 0 <= value(page, "tradelane_database_connections", service=service) <= value(page, "tradelane_database_connections_limit", service=service)
    assert {dict(labels)["service"] for _, labels in page if "service" in dict(labels)} == {service}


@pytest.mark.parametrize("service", SERVICES)
def test_every_process_tells_of_itself(observed: Observed, service: str) -> None:
    page = observed.page(service)
    assert value(page, "process_resident_memory_bytes") > 1e7
    assert value(page, "process_open_fds") > 3


def test_all_that_the_dashboard_asks_for_is_told_somewhere(observed: Observed, order: Json) -> None:
    told: set[str] = set()
    for service in SERVICES:
        port = observed.metrics_port + SERVICES.index(service)
        text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
        for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
            told |= {name} if kind != "histogram" else {f"{name}_{suffix}" for suffix in ("bucket", "count", "sum")}
    dashboard = json.loads((ROOT / "deploy/grafana/dashboards/tradelane.json").read_text())
    queries = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ()))
    asked = set(re.findall(r"\b(?:tradelane|process)_\w+", queries))
    assert len(asked) > 15
    assert asked - told == set()


def test_the_port_of_the_metrics_answers_nothing_else_and_survives_nonsense(observed: Observed) -> None:
    port = observed.metrics_port
    assert requests.get(f"http://127.0.0.1:{port}/", timeout=30).status_code == 404
    assert requests.post(f"http://127.0.0.1:{port}/metrics", timeout=30).status_code == 405
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as stranger:
            stranger.sendall(b"\x00\xff nonsense\r\n\r\n")
    assert value(observed.page("accounts"), "tradelane_figures_read", service="accounts") == 1


def test_a_port_that_is_taken_is_told_before_anything_starts(observed: Observed) -> None:
    done = observed.system.command("run", "catalog", METRICS_PORT=str(observed.metrics_port))
    assert done.returncode == 1
    assert "METRICS_PORT" in done.stderr


def test_in_one_process_the_gateways_page_tells_of_all_services(tmp_path: Path) -> None:
    with embedded_system(tmp_path) as system:
        assert Walk(load(DEFAULT), system.url, system.operator()).run()["state"] == "completed"
        page = page_where(lambda: scrape(f"{system.url}/metrics"), "tradelane_orders", 1, state="completed")
    for service in WITH_DATABASE:
        assert value(page, "tradelane_figures_read", service=service) == 1
    for service in ("accounts", "catalog", "orders"):  # a trade calls these
        assert value(page, "tradelane_rpc_server_duration_seconds_count", service=service) >= 1
    assert value(page, "tradelane_event_duration_seconds_count", service="payments", type="orders.payment_submitted.v1", outcome="ok") == 1
    assert value(page, "tradelane_http_request_duration_seconds_count", service="gateway", route="/v1/enquiries") == 1
