"""The bus as a test uses it: calls to stock services and to ours, events for both, and a look into queues."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from amqp.exceptions import NotFound

from shared.kit.clock import utc_now
from shared.platform import wire
from shared.platform.client import DIRECT_REPLY
from shared.platform.context import Context
from shared.platform.link import connect
from shared.platform.topology import rpc_queue
from tests.pitfalls.children import PATIENCE

SERVICE = "catalog"  # ours: one of the names that the topology knows
EVENT = "orders.order_placed.v1"
_REPLIES = "nameko-rpc"


class Bus:
    def __init__(self, connection: Any) -> None:
        self.connection, self.channel = connection, connection.channel()
        self.channel.exchange_declare(exchange=_REPLIES, type="topic", durable=True, auto_delete=False)
        self.queue = self.channel.queue_declare(exclusive=True).queue  # of stock answers: a stock service cannot reply directly
        self.channel.queue_bind(queue=self.queue, exchange=_REPLIES, routing_key=self.queue)
        self.answers: dict[str, dict[str, Any]] = {}
        for queue in (self.queue, DIRECT_REPLY):
            self.channel.basic_consume(queue, no_ack=True, callback=self._answered)

    def _answered(self, message: Any) -> None:
        self.answers[message.properties["correlation_id"]] = json.loads(message.body)

    def send(self, exchange: str, key: str, body: bytes, headers: Mapping[str, Any] | None = None, **properties: Any) -> None:
        """One message; `content_type` is JSON unless it is said."""
        type_ = properties.pop("content_type", "application/json")
        message = self.channel.prepare_message(body, content_type=type_, content_encoding="utf-8", headers=dict(headers or {}), properties=properties)
        self.channel.basic_publish(message, exchange=exchange, routing_key=key)

    def ask_stock(self, method: str, *args: Any, **headers: Any) -> str:
        """Call the stock service; what to look for the answer by."""
        body = json.dumps({"args": args, "kwargs": {}}).encode()
        self.send(_REPLIES, f"stock.{method}", body, headers, reply_to=self.queue, correlation_id=(key := uuid.uuid4().hex))
        return key

    def ask(self, operation: str, headers: Mapping[str, Any] | None = None, actor: Any = None, command_id: str = "", **data: Any) -> str:
        """Call our service; what to look for the answer by."""
        body = wire.encode({"data": data, "actor": actor, "command_id": command_id})
        headers = {"operation": operation, **(headers or {})}
        self.send("", rpc_queue(SERVICE), body, headers, reply_to=DIRECT_REPLY, correlation_id=(key := uuid.uuid4().hex))
        return key

    def answer(self, key: str, seconds: float = PATIENCE) -> dict[str, Any] | None:
        """The whole answer, error or result; None where there is none in so many seconds."""
        deadline = time.monotonic() + seconds
        while key not in self.answers and (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                self.connection.drain_events(timeout=left)
        return self.answers.pop(key, None)

    def result(self, key: str) -> Any:
        """What a call that went well was answered."""
        answer = self.answer(key)
        assert answer is not None, "no answer came"
        assert not answer.get("error"), answer
        return answer["result"]

    def emit(self, subject: str, **data: Any) -> None:
        """The first event of an order, for our service."""
        row = SimpleNamespace(id=uuid.uuid4().hex, type=EVENT, subject=subject, version=1, time=utc_now(), data=wire.encode(data).decode())
        event = wire.event_message(row, "orders", Context())
        self.send("orders.events", EVENT, event.body, event.headers, content_type=event.content_type, delivery_mode=2)

    def depth(self, queue: str) -> int | None:
        """How many messages wait in it; None where there is no such queue."""
        with self.connection.channel() as channel:
            try:
                return int(channel.queue_declare(queue, passive=True).message_count)
            except NotFound:
                return None


@contextmanager
def open_bus(url: str) -> Iterator[Bus]:
    with connect(url) as connection:
        yield Bus(connection)
