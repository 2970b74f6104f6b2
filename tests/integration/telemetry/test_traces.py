"""One action of a trade is one trace, through HTTP, calls, transactions, outboxes and events of all the processes that have a part in it."""

from __future__ import annotations

import secrets

import pytest
import requests

from tests.integration.telemetry.conftest import Observed
from tradelane.client import Json
from tradelane.demo.walk import Walk

pytestmark = pytest.mark.timeout(240)  # the first of them starts the system

PAYING = [
    ("gateway", "server", "POST /v1/orders/{id}/actions/{action}"),
    ("gateway", "client", "orders.act_on_order"),
    ("orders", "server", "orders.act_on_order"),
    ("orders", "internal", "transaction act_on_order"),
    ("orders", "producer", "publish orders.payment_submitted.v1"),
    ("payments", "consumer", "handle orders.payment_submitted.v1"),
    ("payments", "producer", "publish payments.payment_recorded.v1"),
    ("orders", "consumer", "handle payments.payment_recorded.v1"),
    ("orders", "producer", "publish orders.payment_made.v1"),
]
"""From the buyer's click to payments and back; each below the one before."""


def test_a_payment_is_one_trace_from_the_request_to_payments_and_back(observed: Observed, order: Json) -> None:
    (asked,) = [span for span in observed.collector.spans if span.attributes.get("url.path", "").endswith(f"{order['id']}/actions/pay")]
    last = observed.collector.wait_for(asked.trace, PAYING[-1])
    assert observed.collector.way_to(last) == PAYING
    assert asked.parent == ""
    assert len({span.attributes["tradelane.correlation_id"] for span in observed.collector.trace(asked.trace)}) == 1


def test_a_span_tells_its_route_operation_or_message(observed: Observed, order: Json) -> None:
    (asked,) = [span for span in observed.collector.spans if span.attributes.get("url.path", "").endswith(f"{order['id']}/actions/pay")]
    handled = observed.collector.wait_for(asked.trace, PAYING[5])
    published = observed.collector.wait_for(asked.trace, PAYING[4])
    answered = observed.collector.wait_for(asked.trace, PAYING[2])
    assert asked.attributes["http.request.method"] == "POST"
    assert asked.attributes["http.route"] == "/v1/orders/{id}/actions/{action}"
    assert asked.attributes["http.response.status_code"] == 200
    assert (answered.attributes["rpc.service"], answered.attributes["rpc.method"]) == ("orders", "act_on_order")
    assert handled.attributes["messaging.message.id"] == published.attributes["messaging.message.id"]
    assert handled.attributes["tradelane.subject"] == order["id"]
    assert 0 < answered.seconds < asked.seconds


def test_a_callers_own_trace_goes_on_and_comes_back(observed: Observed, walk: Walk, order: Json) -> None:
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    answer = walk.clients["buyer"].request("GET", f"/v1/orders/{order['id']}", headers={"traceparent": f"00-{trace}-{span}-01", "X-Correlation-ID": "mine"})
    served = observed.collector.wait_for(trace, ("gateway", "server", "GET /v1/orders/{id}"))
    assert served.parent == span
    assert answer.headers["traceparent"] == f"00-{trace}-{served.id}-01"
    read = observed.collector.wait_for(trace, ("orders", "internal", "transaction get_order"))
    assert observed.collector.way_to(read)[0] == served.what
    assert read.attributes["tradelane.correlation_id"] == "mine"


def test_a_caller_who_does_not_want_a_trace_gets_none(observed: Observed, walk: Walk, order: Json) -> None:
    unwanted, wanted = secrets.token_hex(16), secrets.token_hex(16)
    for trace, flags in ((unwanted, "00"), (wanted, "01")):
        walk.clients["buyer"].request("GET", f"/v1/orders/{order['id']}", headers={"traceparent": f"00-{trace}-{secrets.token_hex(8)}-{flags}"})
    observed.collector.wait_for(wanted, ("gateway", "server", "GET /v1/orders/{id}"))
    observed.collector.wait_for(wanted, ("orders", "server", "orders.get_order"))
    assert observed.collector.trace(unwanted) == []


def test_a_refusal_is_an_answer_and_not_a_failure(observed: Observed, walk: Walk, order: Json) -> None:
    trace = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01", "Authorization": walk.clients["buyer"].session.headers["Authorization"]}
    assert requests.post(f"{observed.system.url}/v1/orders/{order['id']}/actions/pay", json={}, headers=headers, timeout=30).status_code == 409
    called = observed.collector.wait_for(trace, ("orders", "server", "orders.act_on_order"))
    assert called.attributes["tradelane.outcome"] == "conflict"
    assert not called.failed
    assert not observed.collector.wait_for(trace, PAYING[0]).failed


def test_what_machines_ask_all_day_begins_no_trace(observed: Observed, order: Json) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        requests.get(observed.system.url + path, timeout=30).raise_for_status()
    trace = secrets.token_hex(16)
    requests.get(f"{observed.system.url}/readyz", headers={"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}, timeout=30)
    observed.collector.wait_for(trace, ("gateway", "server", "GET /readyz"))  # asked for, it is told
    routes = {span.attributes.get("http.route") for span in observed.collector.spans if span.trace != trace}
    assert routes.isdisjoint({"/healthz", "/readyz", "/metrics"})
    assert not [span for span in observed.collector.spans if span.name.startswith("transaction") and not span.parent]
