"""A link to the broker: one connection and channel that many greenlets publish on, one greenlet that reads, and reconnection.

py-amqp and kombu's in-memory transport look the same from here. Publishing never waits for the broker; what was waiting for
an answer when the connection is lost is told so at once through `on_lost`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import eventlet
from eventlet.semaphore import Semaphore
from kombu.connection import Connection

from shared.kit.errors import Unavailable
from shared.platform import memory
from shared.platform.settings import EMBEDDED_BROKER

log = logging.getLogger(__name__)

HEARTBEAT = 15  # seconds; a frozen or half-open peer is noticed within two of them
LONGEST_BACKOFF = 2.0


def connect(url: str) -> Connection:
    """A connection to the broker at `url`, not yet established. No side ever trusts anything but JSON."""
    if url == EMBEDDED_BROKER:
        return memory.connection()
    return Connection(url, heartbeat=HEARTBEAT, connect_timeout=5, transport_options={"read_timeout": None, "login_method": "PLAIN"})


class Link:
    """`set_up(channel)` declares nothing but consumers and is called after every (re)connection; `on_lost()` after every loss."""

    def __init__(self, url: str, name: str, set_up: Callable[[Any], None], on_lost: Callable[[], None] = lambda: None) -> None:
        self.url, self.name = url, name
        self._set_up, self._on_lost = set_up, on_lost
        self._connection: Connection | None = None
        self._writing = Semaphore()
        self._stopping = False
        self._threads: list[Any] = []
        self._consumers: list[str] = []
        self.channel: Any = None

    def start(self, spawn: Callable[..., Any]) -> None:
        """Connect and go on in greenlets made by `spawn`. A broker that is not there yet is waited for in the background."""
        try:
            self._open()
        except Exception as error:  # whatever the transport raises, the reader's loop tries again
            log.warning("%s: broker not reached yet: %s", self.name, error)
            self._drop()
        self._threads = [spawn(self._read, f"{self.name} reader"), spawn(self._beat, f"{self.name} heartbeat")]

    def settle(self, message: Any) -> None:
        """Acknowledge a delivered message, if its channel is still there; otherwise the broker gives it to somebody again."""
        self._settle(message, message.ack)

    def refuse(self, message: Any, requeue: bool = False) -> None:
        """Send a delivered message to its queue's dead letters, or back into the queue."""
        self._settle(message, lambda: message.reject(requeue=requeue))

    def _settle(self, message: Any, how: Callable[[], None]) -> None:
        with self._writing:
            # A message of an earlier connection is the broker's again already.
            if message.channel is self.channel and not message.acknowledged:
                how()

    def cancel(self) -> None:
        """Ask for no more deliveries, without waiting for the broker's word: our reader reads it."""
        with self._writing:
            while self._consumers and self.channel is not None:
                nowait = {} if self.url == EMBEDDED_BROKER else {"nowait": True}
                self.channel.basic_cancel(self._consumers.pop(), **nowait)

    def stop(self) -> None:
        self._stopping = True
        for thread in self._threads:
            thread.kill()
        self._drop()

    def publish(
        self, body: bytes, routing_key: str, exchange: str = "", headers: Mapping[str, Any] | None = None, mandatory: bool = False, **properties: Any
    ) -> None:
        """Hand one JSON message to the broker; Unavailable where there is no connection."""
        with self._writing:  # one frame at a time: a send may yield in its middle
            channel = self.channel
            if channel is None:
                raise Unavailable("broker_unavailable", "The message bus cannot be reached; try again shortly.")
            message = channel.prepare_message(
                body, content_type="application/json", content_encoding="utf-8", headers=dict(headers or {}), properties=properties
            )
            try:
                channel.basic_publish(message, exchange=exchange, routing_key=routing_key, mandatory=mandatory)
            except Exception as error:
                raise Unavailable("broker_unavailable", "The message bus was lost; try again shortly.") from error

    def consume(self, channel: Any, queue: str, receive: Callable[[Any], None], prefetch: int = 0) -> None:
        """For `set_up` to call: have `receive(message)` called for each delivery, at most `prefetch` unsettled at a time.

        Without `prefetch` deliveries need no acknowledgement. A delivery that `receive` fails at is refused: it would come again for ever.
        """

        def deliver(raw: Any) -> None:
            message = channel.message_to_python(raw)
            try:
                receive(message)
            except Exception:
                log.exception("%s: a message could not be taken", self.name)
                if prefetch:
                    self.refuse(message)

        if prefetch:
            channel.basic_qos(0, prefetch, False)
        tag = f"{self.name}-{len(self._consumers)}"
        channel.basic_consume(queue, no_ack=not prefetch, consumer_tag=tag, callback=deliver)
        self._consumers.append(tag)

    def _open(self) -> None:
        connection = connect(self.url)
        connection.connect()
        if self.url != EMBEDDED_BROKER:
            # py-amqp would read before each publish to learn whether it is blocked; our reader does the reading.
            connection.connection.client_properties["capabilities"] = {}
        channel = connection.channel()
        self._set_up(channel)
        self._connection, self.channel = connection, channel

    def _read(self) -> None:
        delay = 0.05
        while not self._stopping:
            try:
                if self._connection is None:
                    self._open()
                    log.info("%s: connected", self.name)
                delay = 0.05
                while self._connection is not None:
                    self._connection.drain_events()
            except Exception as error:
                log.warning("%s: broker lost (%s: %s), connecting again", self.name, type(error).__name__, error)
                self._drop()
                self._on_lost()
                eventlet.sleep(delay)
                delay = min(LONGEST_BACKOFF, delay * 2)

    def _beat(self) -> None:
        while not self._stopping:
            eventlet.sleep(HEARTBEAT / 4)
            connection = self._connection
            if connection is None or not connection.supports_heartbeats:
                continue
            try:
                with self._writing:
                    connection.heartbeat_check(rate=2)
            except Exception as error:
                log.warning("%s: no heartbeat (%s)", self.name, error)
                connection.connection.transport.close()  # wakes the reader, which connects again

    def _drop(self) -> None:
        connection, self._connection, self.channel = self._connection, None, None
        self._consumers.clear()
        if connection is not None:
            try:
                with eventlet.Timeout(1):
                    connection.close()
            except (Exception, eventlet.Timeout):
                log.debug("%s: closing a lost connection failed", self.name)
