"""What no service of ours sends does a running system no harm: it goes to the dead letters or is dropped, and the next call is answered."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from shared.platform import wire
from shared.platform.client import DIRECT_REPLY
from shared.platform.link import connect
from tests.builders.system import System


@pytest.fixture
def channel(system: System) -> Iterator[Any]:
    with connect(system.environment["BROKER"]) as connection:
        channel: Any = connection.channel()
        channel.answers = []
        channel.basic_consume(DIRECT_REPLY, no_ack=True, callback=lambda message: channel.answers.append(wire.decode(message.body)))
        yield channel


def send(channel: Any, queue: str, body: bytes, headers: dict[str, Any] | None = None, **properties: Any) -> None:
    message = channel.prepare_message(body, content_type=properties.pop("content_type", "application/json"), headers=headers or {}, properties=properties)
    channel.basic_publish(message, exchange="", routing_key=queue)


def ask(channel: Any, service: str, operation: str, body: bytes) -> dict[str, Any]:
    """The service's whole answer, error or result."""
    send(channel, f"{service}.rpc", body, {"operation": operation}, reply_to=DIRECT_REPLY, correlation_id="1")
    while not channel.answers:
        channel.connection.drain_events(timeout=30)
    return channel.answers.pop()  # type: ignore[no-any-return]


def test_a_call_that_cannot_be_answered_is_dropped(channel: Any) -> None:
    for body, properties in (
        (b"{}", {}),
        (b"not JSON", {"reply_to": DIRECT_REPLY}),
        (b"[1]", {"reply_to": DIRECT_REPLY}),
        (b'{"a": NaN}', {"reply_to": DIRECT_REPLY}),
    ):
        send(channel, "orders.rpc", body, {"operation": "get_order"}, **properties)
    assert ask(channel, "orders", "ping", b"{}") == {"result": {"service": "orders"}}


@pytest.mark.parametrize("until", ["1.5", "0.0", "-1e300"])
def test_a_call_that_nobody_waits_for_any_more_is_not_worked_on(channel: Any, until: str) -> None:
    send(channel, "orders.rpc", b'{"until": %b}' % until.encode(), {"operation": "ping"}, reply_to=DIRECT_REPLY, correlation_id="late")
    assert ask(channel, "orders", "no_such", b"{}")["error"]["code"] == "no_such_operation"
    assert not channel.answers


@pytest.mark.parametrize("until", ["1e300", "null", '"soon"', "true", "{}"])
def test_a_deadline_that_is_none_is_none(channel: Any, until: str) -> None:
    assert ask(channel, "orders", "ping", b'{"until": %b}' % until.encode()) == {"result": {"service": "orders"}}


def test_an_unknown_operation_is_named(channel: Any) -> None:
    assert ask(channel, "orders", "__class__", b"{}")["error"]["code"] == "no_such_operation"


@pytest.mark.parametrize("body", [b"{}", b'{"data": null}', b'{"data": [1]}', b'{"data": {"id": 1}}', b'{"data": {"id": "x", "y": 1}}'])
def test_data_that_does_not_fit_is_refused_by_field(channel: Any, body: bytes) -> None:
    error = ask(channel, "orders", "get_order", body)["error"]
    assert error["code"] == "invalid_fields"
    assert error["errors"]


@pytest.mark.parametrize("actor", [b'"me"', b"{}", b'{"id": 1}', b"[]"])
def test_an_actor_that_is_none_is_an_error_without_innards(channel: Any, actor: bytes) -> None:
    body = b'{"actor": ' + actor + b', "data": {"id": "' + str(uuid.uuid4()).encode() + b'"}}'
    error = ask(channel, "orders", "get_order", body)["error"]
    assert error["code"] in ("internal_error", "malformed_call")
    assert "Traceback" not in str(error)


@pytest.mark.parametrize(
    ("headers", "body", "content_type"),
    [
        ({}, b"{}", "application/json"),
        ({"ce-id": "1", "ce-source": "/orders", "ce-type": "orders.order_placed.v1", "ce-specversion": "1.0"}, b"{}", "application/json"),
        (
            {"ce-id": "1", "ce-source": "/nobody", "ce-type": "x", "ce-specversion": "1.0", "ce-aggregateversion": "1", "ce-subject": "s"},
            b"{}",
            "application/json",
        ),
        (
            {"ce-id": "1", "ce-source": "/orders", "ce-type": "x", "ce-specversion": "1.0", "ce-aggregateversion": "1", "ce-subject": "s"},
            b"\xff\xfe",
            "application/json",
        ),
        (
            {"ce-id": "1", "ce-source": "/orders", "ce-type": "x", "ce-specversion": "1.0", "ce-aggregateversion": "1"},
            b"cos\nsystem\n",
            "application/x-python-serialize",
        ),
    ],
)
def test_what_is_no_event_goes_to_the_dead_letters(channel: Any, headers: dict[str, str], body: bytes, content_type: str) -> None:
    send(channel, "catalog.inbox", body, headers, content_type=content_type, message_id=(mark := uuid.uuid4().hex))
    for _ in range(200):
        if (message := channel.basic_get("catalog.dead", no_ack=True)) and message.properties.get("message_id") == mark:
            assert message.body in (body, body.decode("utf-8", "replace"))
            break
        time.sleep(0.05)
    else:
        raise AssertionError("it never came to the dead letters")
