"""What a process counts, and that no stranger can make it count under names of their own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from prometheus_client import REGISTRY, Histogram
from werkzeug.routing import Rule
from werkzeug.test import Client
from werkzeug.wrappers import Response

from shared.kit.errors import Conflict, Unavailable
from shared.platform.context import Context
from shared.platform.telemetry import metrics
from shared.platform.telemetry.metrics import Timed
from shared.platform.web.application import Application
from shared.platform.web.exposition import metrics as page
from shared.platform.web.protocol import refusal


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def series(histogram: Histogram, service: str) -> set[tuple[str, ...]]:
    return {labels[1:] for labels in histogram._metrics if labels[0] == service}


def test_work_is_timed_under_its_outcome() -> None:
    for error in (None, Conflict("not_now", "Not now."), RuntimeError("a defect")):
        try:
            with Timed(metrics.RPC_SERVER, ("test-timed", "act"), "act", "server", Context("c"), {}):
                if error:
                    raise error
        except (Conflict, RuntimeError):
            continue
    assert series(metrics.RPC_SERVER, "test-timed") == {("act", "ok"), ("act", "conflict"), ("act", "internal")}
    seconds = count("tradelane_rpc_server_duration_seconds_sum", service="test-timed", operation="act", outcome="ok")
    assert 0 < seconds < 1


@pytest.fixture
def client() -> Client:
    def order(request: Any) -> Response:
        if request.method == "POST":
            raise Unavailable("orders_gone", "Orders is not there.")
        return Response("an order")

    rules = [Rule("/orders/<uuid:id>/papers/<name>", methods=["GET", "POST"], endpoint=order), Rule("/metrics", methods=["GET"], endpoint=page)]
    return Client(Application("test-http", rules))


ORDER = "/orders/01a2017a-3ccf-71ec-b988-95d2eaf54d40/papers/invoice"


def test_requests_are_counted_by_the_pattern_of_their_route_and_never_by_what_they_ask_for(client: Client) -> None:
    client.get(ORDER)
    client.post(ORDER)
    for stranger in ("/orders/7", "/wp-admin", f"{ORDER}/more"):
        client.get(stranger)
    client.open(ORDER, method="BREW")
    pattern = "/orders/{id}/papers/{name}"
    assert series(metrics.HTTP, "test-http") == {("GET", pattern, "200"), ("POST", pattern, "503"), ("", "", "404"), ("", "", "405")}


def test_a_request_that_is_refused_before_its_route_is_counted_by_status() -> None:
    before = count("tradelane_http_refused_total", status="431")
    refusal(431, "The headers are too large.")
    assert count("tradelane_http_refused_total", status="431") == before + 1


def test_the_page_comes_in_the_format_that_is_asked_for(client: Client) -> None:
    plain = client.get("/metrics")
    assert plain.content_type.startswith("text/plain")
    assert re.search(r"^process_resident_memory_bytes \d", plain.text, re.MULTILINE)
    open_metrics = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert open_metrics.content_type.startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")
