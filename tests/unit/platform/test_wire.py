"""An event's message is what the CloudEvents SDK makes of the same event, and reads back as it was written down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from cloudevents.core.bindings.rabbitmq import from_binary_event, to_binary_event

from shared.platform.context import Context
from shared.platform.wire import Event, _by_the_standard, event_message, read_event

TIME = datetime(2026, 3, 14, 9, 26, 53, 589793, UTC)
CONTEXT = Context("c-1", "", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
ROW = SimpleNamespace(id="e-1", type="orders.order_placed.v1", subject="order-1", version=7, time=TIME, data='{"note": "Grüße", "lines": [1, null]}')


def test_a_message_is_the_one_that_the_sdk_makes() -> None:
    ours = event_message(ROW, "orders", CONTEXT)
    theirs = to_binary_event(from_binary_event(ours))
    assert (ours.headers, ours.content_type) == (theirs.headers, theirs.content_type)
    assert json.loads(ours.body) == json.loads(theirs.body)


def test_a_message_reads_back_as_what_was_written_down() -> None:
    message = event_message(ROW, "orders", CONTEXT)
    event = read_event(message.headers, message.content_type, message.body)
    assert (event.id, event.type, event.source, event.subject, event.version, event.time) == ("e-1", ROW.type, "orders", "order-1", 7, TIME)
    assert (event.context, event.raw) == (CONTEXT, json.loads(ROW.data))


INSTEAD = (None, "", " ", "x", "0", "-1", "7", "1.0", "0.3", "/orders", "2026-03-14", "2026-03-14T09:26:53", "2026-03-14T09:26:53+02:00", "20260314T092653Z", 7)


def outcome(read: Callable[..., Event], headers: dict[str, Any], *given: Any) -> Any:
    """A time that is not given is the present, here and there."""
    try:
        event = read(headers, *given)
    except ValueError:
        return ValueError
    return event if headers.get("ce-time") else replace(event, time=TIME)


def test_an_event_without_an_id_is_none() -> None:
    message = event_message(ROW, "orders", CONTEXT)
    with pytest.raises(ValueError, match="not an event"):
        read_event({name: value for name, value in message.headers.items() if name != "ce-id"}, message.content_type, message.body)


@pytest.mark.parametrize("context", [CONTEXT, Context(), Context("c-1", "e-0", CONTEXT.traceparent)])
def test_whatever_a_message_is_it_is_read_as_by_the_sdk(context: Context) -> None:
    message = event_message(ROW, "orders", context)
    headers, content_type, body = message.headers, message.content_type, message.body
    changed = [{**headers, name: value} for name in (*headers, "ce-other", "ce-correlationid", "other") for value in INSTEAD]
    changed += [{name: value for name, value in headers.items() if name != left_out} for left_out in headers]
    for given in (headers, *changed):
        assert outcome(read_event, given, content_type, body) == outcome(_by_the_standard, given, content_type, body), given
    for other_body in (b"", b"[]", b"7", b"{", b"\xff", body.decode(), b'{"a": 1}'):
        assert outcome(read_event, headers, content_type, other_body) == outcome(_by_the_standard, headers, content_type, other_body)
    for other_type in (None, "", "text/plain", "application/cloudevents+json"):
        assert outcome(read_event, headers, other_type, body) == outcome(_by_the_standard, headers, other_type, body)
