"""An event's message is what the CloudEvents SDK makes of the same event, and reads back as it was written down."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

from cloudevents.core.bindings.rabbitmq import from_binary_event, to_binary_event

from shared.platform.context import Context
from shared.platform.wire import event_message, read_event

TIME = datetime(2026, 3, 14, 9, 26, 53, 589793, UTC)
CONTEXT = Context("c-1", "", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
ROW = SimpleNamespace(id="e-1", type="orders.order_placed.v1", subject="order-1", version=7, time=TIME, data={"note": "Grüße", "lines": [1, None]})


def test_a_message_is_the_one_that_the_sdk_makes() -> None:
    ours = event_message(ROW, "orders", CONTEXT)
    theirs = to_binary_event(from_binary_event(ours))
    assert (ours.headers, ours.content_type) == (theirs.headers, theirs.content_type)
    assert json.loads(ours.body) == json.loads(theirs.body)


def test_a_message_reads_back_as_what_was_written_down() -> None:
    message = event_message(ROW, "orders", CONTEXT)
    event = read_event(message.headers, message.content_type, message.body)
    assert (event.id, event.type, event.source, event.subject, event.version, event.time) == ("e-1", ROW.type, "orders", "order-1", 7, TIME)
    assert (event.context, event.raw) == (CONTEXT, ROW.data)
