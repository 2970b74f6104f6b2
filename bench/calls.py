"""Calls to a service over the bus, some in flight at a time: as the gateway makes them, without the gateway. Who calls must cost little: on two
cores what it takes is taken from who is measured."""

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
from shared.platform import frames, wire
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
    last: bytes = b""

    @property
    def answer(self) -> Any:
        return wire.decode(self.last)["result"]

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        return sorted(self.times)[int(len(self.times) * share)] * 1000


class Bus:
    """Where calls go out and answers come in, on a blocking socket."""

    def __init__(self, channel: Any) -> None:
        self._sent: dict[str, float] = {}
        self._calls = Calls()
        channel.basic_consume(DIRECT_REPLY, no_ack=True)
        self._id, self._most, self._socket = channel.channel_id, channel.connection.frame_max, channel.connection.transport.sock
        self._socket.settimeout(_ANSWER_SECONDS)
        self._reader = frames.Reader(channel, self._most, self._take, self._other)

    def call(self, operation: Operation, asked: Iterable[Asked], in_flight: int = 1, seconds: float = 3600) -> Calls:
        """Call the operation for each that is asked, or for as many as there is time for. RuntimeError for an answer that is an error."""
        self._calls, begun = Calls(), time.perf_counter()
        for actor, data in asked:
            while len(self._sent) >= in_flight:
                self._receive()
            if time.perf_counter() > begun + seconds:
                break
            self._send(operation, actor, data)
        while self._sent:
            self._receive()
        self._calls.seconds = time.perf_counter() - begun
        return self._calls

    def _send(self, operation: Operation, actor: Actor, data: Mapping[str, Any]) -> None:
        key = new_id()
        body = wire.encode({"data": data, "actor": actor_data(actor), "command_id": key, "context": {}})
        self._sent[key] = time.perf_counter()
        operation_header, queue = (("operation", operation.name),), rpc_queue(operation.service)
        self._socket.sendall(frames.publish(self._id, self._most, body, "", queue, headers=operation_header, correlation_id=key, reply_to=DIRECT_REPLY))

    def _receive(self) -> None:
        data = self._socket.recv(1 << 16)
        if not data:
            raise RuntimeError("the broker has closed the connection")
        self._reader.feed(data)

    def _take(self, message: frames.Content) -> None:
        self._calls.times.append(time.perf_counter() - self._sent.pop(message.properties["correlation_id"]))
        self._calls.last = message.body
        if message.body.startswith(b'{"error"'):
            raise RuntimeError(f"a call failed: {message.body.decode()}")

    def _other(self, frame: tuple[int, int, bytes]) -> None:
        if frame[0] == frames.METHOD:
            raise RuntimeError(f"the broker says {frame[2]!r}")


@contextmanager
def bus(broker: str) -> Iterator[Bus]:
    """A connection for calls. It has no heartbeat: nobody reads while others are measured."""
    with Connection(broker, heartbeat=0) as connection:
        yield Bus(connection.channel())
