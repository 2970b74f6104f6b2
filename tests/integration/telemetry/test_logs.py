"""Every line that a process of the system logs is JSON, and those of one request can be found in all processes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from shared.platform.settings import SERVICES
from tests.integration.telemetry.conftest import Observed
from tradelane.client import Json
from tradelane.demo.walk import Walk

pytestmark = pytest.mark.timeout(240)  # the first of them starts the system


def lines(observed: Observed) -> list[dict[str, Any]]:
    """All lines of all processes, the supervisor's too; a ValueError where one is not JSON."""
    return [json.loads(line) for line in observed.system.log.read_text().splitlines()]


def test_every_line_of_every_process_is_json_with_a_correlation_id(observed: Observed, order: Json) -> None:
    told = lines(observed)
    assert {line["service"] for line in told} >= {*SERVICES}
    assert all(line["correlation_id"] and line["time"].endswith("Z") and line["message"] for line in told)


def test_the_access_log_carries_the_requests_ids(observed: Observed, walk: Walk, order: Json) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"X-Correlation-ID": "find-me", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    answer = walk.clients["buyer"].request("GET", f"/v1/orders/{order['id']}", headers=headers)
    (line,) = [line for line in lines(observed) if line["name"] == "tradelane.access" and line["correlation_id"] == "find-me"]
    assert f"GET /v1/orders/{order['id']} 200 " in line["message"]
    assert answer.headers["traceparent"] == f"00-{line['trace_id']}-{line['span_id']}-01"
    assert line["trace_id"] == trace


def test_a_request_that_is_refused_unread_can_be_found_by_what_its_answer_says(observed: Observed) -> None:
    answer = requests.get(f"{observed.system.url}/{'x' * 9000}", timeout=30)
    assert answer.status_code == 414
    (line,) = [line for line in lines(observed) if line["correlation_id"] == answer.json()["correlation_id"]]
    assert "refused: 414" in line["message"]
    assert "trace_id" not in line


def test_processes_that_scrape_and_serve_are_in_the_access_log_of_their_service(observed: Observed) -> None:
    observed.page("payments")
    assert [line for line in lines(observed) if line["service"] == "payments" and "GET /metrics 200" in line["message"]]
