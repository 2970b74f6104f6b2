"""Calls that nobody answers, and what else a stock call or start waits for or dies of, on a broker that is well."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from shared.platform.settings import Settings
from tests.faults.proxy import Proxy
from tests.pitfalls.bus import Bus
from tests.pitfalls.children import Children, wait_until
from tests.servers.processes import free_port

NOBODY = "postgresql://nobody@127.0.0.1:1/nothing"
_ALL_THERE_ARE = 0.99
"""Of the connections, and none that is made later."""


def test_a_stock_call_to_a_service_that_is_away_waits_without_a_deadline(bus: Bus, children: Children) -> None:
    """Only where no queue of that service's name was ever declared does it fail, with UnknownService."""
    service = children.stock("Stock")
    bus.channel.queue_declare("rpc-payments", durable=True, auto_delete=False)
    bus.channel.queue_bind("rpc-payments", "nameko-rpc", "payments.*")
    call = bus.ask_stock("ask_payments")
    service.wait_for("asks payments")
    assert bus.answer(call, 3) is None
    request = wait_until(lambda: bus.channel.basic_get("rpc-payments", no_ack=True), "its request")
    assert "expiration" not in request.properties, "even its request waits for ever"


def test_our_call_to_a_service_that_is_away_ends_by_its_deadline_and_its_request_with_it(bus: Bus, children: Children) -> None:
    children.ours()
    answer = bus.answer(bus.ask("ask", service="payments", timeout=0.5))
    assert answer
    assert answer["error"]["code"] == "service_timeout"
    wait_until(lambda: bus.depth("payments.rpc") == 0, "the request expires")


def test_our_call_to_a_service_that_never_was_fails_at_once(bus: Bus, children: Children) -> None:
    children.ours()
    answer = bus.answer(bus.ask("ask", service="nobody", timeout=600))
    assert answer
    assert answer["error"]["code"] == "service_unavailable"


def test_a_dependency_that_is_away_when_a_worker_is_set_up_kills_the_stock_service(bus: Bus, children: Children) -> None:
    service = children.stock("Fragile")
    bus.ask_stock("work", "word")
    assert service.ended() != 0


def test_ours_without_its_database_says_so_and_stays(bus: Bus, children: Children) -> None:
    children.database = NOBODY
    service = children.ours()
    for _ in range(2):
        answer = bus.answer(bus.ask("emit", command_id="once"))
        assert answer
        assert answer["error"]["code"] == "database_unavailable"
    assert bus.result(bus.ask("work", word="word")) == {"value": "word"}
    assert service.runs


@pytest.fixture
def proxy(broker: Settings) -> Iterator[Proxy]:
    proxy = Proxy({"broker": [urlsplit(broker.broker).port or 5672]})
    yield proxy
    proxy.stop()


def test_a_reply_queue_that_expires_while_the_broker_is_out_of_reach_kills_a_stock_service_and_ours_fails_the_call(
    broker: Settings, bus: Bus, children: Children, proxy: Proxy
) -> None:
    bus.channel.queue_declare("rpc-payments", durable=True, auto_delete=False)
    bus.channel.queue_bind("rpc-payments", "nameko-rpc", "payments.*")
    children.broker = broker.broker.replace(f":{urlsplit(broker.broker).port}/", f":{proxy.ports['broker']}/")
    stock, ours = children.stock("Web", WEB_SERVER_ADDRESS=f"127.0.0.1:{(port := free_port())}"), children.ours()
    bus.ask("ask", service="payments", timeout=600)
    with socket.create_connection(("127.0.0.1", port)) as client:  # a call over the bus would come again, and declare the queue anew
        client.sendall(b"GET /ask-payments HTTP/1.1\r\nHost: here\r\n\r\n")
        for service in (stock, ours):
            service.wait_for("asks payments")
        wait_until(lambda: bus.depth("rpc-payments") == 1 == bus.depth("payments.rpc"), "both requests are out")
        proxy.freeze("broker", _ALL_THERE_ARE, 0)
        (reply_queue,) = reply_queues(broker)
        bus.channel.queue_delete(reply_queue)  # as it is after five minutes without a connection
        proxy.cut("broker", 1, 0)
        ours.wait_for("told broker_unavailable")
        assert stock.ended() != 0
    stock.wait_for("ReplyQueueExpiredWithPendingReplies")
    assert bus.result(bus.ask("work", word="again")) == {"value": "again"}


def reply_queues(broker: Settings) -> list[str]:
    answer = requests.get(f"{broker.broker_management}/api/queues{urlsplit(broker.broker).path}", timeout=30)
    return [queue["name"] for queue in answer.json() if queue["name"].startswith("rpc.reply-")]
