"""Calls to services past the gateway, by whoever one says one is: what a service itself refuses is seen so."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.contracts.operations import Operation
from shared.kit.actor import Actor
from shared.kit.ids import new_id
from shared.platform import wire
from shared.platform.calls import actor_data, read_error
from shared.platform.client import DIRECT_REPLY
from shared.platform.topology import rpc_queue
from tradelane.broker import channel

PATIENCE = 30.0


class BusCaller:
    """One call at a time."""

    def __init__(self, bus: Any) -> None:
        self._bus = bus
        self._answers: dict[str, dict[str, Any]] = {}
        bus.basic_consume(DIRECT_REPLY, no_ack=True, callback=self._answered)

    def call(self, operation: Operation, data: Mapping[str, Any], actor: Actor | None) -> Any:
        """The answer as JSON; a TradeError as the service answers it."""
        body = wire.encode({"data": data, "actor": actor_data(actor), "command_id": new_id() if operation.writes else ""})
        properties = {"correlation_id": (key := uuid.uuid4().hex), "reply_to": DIRECT_REPLY}
        message = self._bus.prepare_message(body, content_type="application/json", headers={"operation": operation.name}, properties=properties)
        self._bus.basic_publish(message, exchange="", routing_key=rpc_queue(operation.service))
        while key not in self._answers:
            self._bus.connection.drain_events(timeout=PATIENCE)
        answer = self._answers.pop(key)
        if error := answer.get("error"):
            raise read_error(error)
        return answer["result"]

    def _answered(self, message: Any) -> None:
        self._answers[message.properties["correlation_id"]] = wire.decode(message.body)


@contextmanager
def bus_caller(url: str) -> Iterator[BusCaller]:
    with channel(url) as bus:
        yield BusCaller(bus)
