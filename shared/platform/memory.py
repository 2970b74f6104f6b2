"""kombu's in-memory transport for the embedded default, whose consumers are woken by a message instead of polling for one."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty
from typing import Any

from eventlet import sleep
from eventlet.event import Event
from kombu import connection as kombu
from kombu.transport import memory

_sleeping: dict[Any, Event] = {}


def _wake(transports: Any) -> None:
    for transport in transports:
        if event := _sleeping.pop(transport, None):
            event.send(True)


class Channel(memory.Channel):
    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        _wake([transport for transport in _sleeping if any(queue in channel._active_queues for channel in transport.channels)])  # noqa: SLF001  (kombu offers no other way)

    def basic_ack(self, delivery_tag: Any, multiple: bool = False) -> None:
        super().basic_ack(delivery_tag, multiple)
        _wake([self.connection])  # a place below the prefetch limit is free again

    def basic_reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        super().basic_reject(delivery_tag, requeue)
        _wake([self.connection])


class Transport(memory.Transport):
    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Deliver one message, sleeping until there is one; TimeoutError after `timeout` seconds without, as on a real broker."""
        cycle: Any = self.cycle
        while True:
            try:
                cycle.get(self._deliver)
            except Empty:
                event = _sleeping.setdefault(self, Event())
                if event.wait(timeout) is None:  # the wait's own way to say that the time is over
                    _sleeping.pop(self, None)
                    raise TimeoutError from None
            else:
                sleep(0)  # a queue that is never empty must not keep the hub from everybody else
                return


def connection() -> kombu.Connection:
    """A connection to the in-memory broker, which all connections of a process share."""
    return kombu.Connection(transport="shared.platform.memory:Transport")


class Connection:
    """What `shared.platform.connection` is for RabbitMQ. Nothing is given back, and nobody waits: what is published is there."""

    blocked = False

    def __init__(self) -> None:
        self._connection = connection()
        self.channel: Any = self._connection.channel()

    def publish(self, body: bytes, exchange: str, routing_key: str, mandatory: bool, headers: tuple[tuple[str, str], ...], properties: dict[str, str]) -> None:
        message = self.channel.prepare_message(body, None, "application/json", "utf-8", dict(headers), properties)
        self.channel.basic_publish(message, exchange=exchange, routing_key=routing_key)

    def consume(self, queue: str, tag: str, receive: Callable[[Any], None], prefetch: int) -> None:
        if prefetch:
            self.channel.basic_qos(0, prefetch, False)
        self.channel.basic_consume(queue, no_ack=not prefetch, callback=receive, consumer_tag=tag)

    def cancel(self, tag: str) -> None:
        self.channel.basic_cancel(tag)

    def ack(self, message: Any) -> None:
        message.ack()

    def reject(self, message: Any, requeue: bool) -> None:
        message.reject(requeue)

    def run(self) -> None:
        while True:
            self._connection.drain_events()

    def beat(self) -> None:
        """It shares our heart."""

    def close(self) -> None:
        self._connection.close()
