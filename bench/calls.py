"""Calls to a service over the bus, some in flight at a time: as the gateway makes them, without the gateway."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kombu.connection import Connection

from shared.contracts.operations import Operation
from shared.kit.actor import Actor
from shared.kit.ids import new_id
from shared.platform import wire
from shared.platform.calls import actor_data
from shared.platform.client import DIRECT_REPLY
from shared.platform.topology import rpc_queue

Asked = tuple[Actor, Mapping[str, Any]]
"""Who asks, for what."""

_ANSWER_SECONDS = 30


@dataclass
class Calls:
    """What came of them: seconds each, in all, and the last answer."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0
    answer: Any = None

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        return sorted(self.times)[int(len(self.times) * share)] * 1000


class Bus:
    """Where calls go out and answers come in."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._sent: dict[str, float] = {}
        self._calls = Calls()
        channel.basic_consume(DIRECT_REPLY, no_ack=True, callback=self._take)

    def call(self, operation: Operation, asked: Iterable[Asked], in_flight: int = 1, seconds: float = 3600) -> Calls:
        """Call the operation for each that is asked, or for as many as there is time for. RuntimeError for an answer that is an error."""
        self._calls, begun = Calls(), time.perf_counter()
        for actor, data in asked:
            while len(self._sent) >= in_flight:
                self._channel.connection.drain_events(timeout=_ANSWER_SECONDS)
            if time.perf_counter() > begun + seconds:
                break
            self._send(operation, actor, data)
        while self._sent:
            self._channel.connection.drain_events(timeout=_ANSWER_SECONDS)
        self._calls.seconds = time.perf_counter() - begun
        return self._calls

    def _send(self, operation: Operation, actor: Actor, data: Mapping[str, Any]) -> None:
        key = new_id()
        body = wire.encode({"data": data, "actor": actor_data(actor), "command_id": key, "context": {}})
        properties = {"reply_to": DIRECT_REPLY, "correlation_id": key}
        message = self._channel.prepare_message(body, content_type="application/json", headers={"operation": operation.name}, properties=properties)
        self._sent[key] = time.perf_counter()
        self._channel.basic_publish(message, exchange="", routing_key=rpc_queue(operation.service))

    def _take(self, message: Any) -> None:
        self._calls.times.append(time.perf_counter() - self._sent.pop(message.properties["correlation_id"]))
        answer = wire.decode(message.body)
        if error := answer.get("error"):
            raise RuntimeError(f"a call failed: {error}")
        self._calls.answer = answer["result"]


@contextmanager
def bus(broker: str) -> Iterator[Bus]:
    """A connection for calls. It has no heartbeat: nobody reads while others are measured."""
    with Connection(broker, heartbeat=0) as connection:
        yield Bus(connection.channel())
