"""A link to the broker: one connection that many greenlets publish on, one greenlet that reads, and reconnection.

RabbitMQ and kombu's in-memory transport look the same from here. Publishing never waits for the broker; what was waiting for
an answer when the connection is lost is told so at once through `on_lost`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import eventlet
from kombu import connection as kombu

from shared.kit.errors import Unavailable
from shared.platform import memory
from shared.platform.connection import HEARTBEAT, Connection
from shared.platform.settings import EMBEDDED_BROKER

log = logging.getLogger(__name__)

SHORTEST_BACKOFF, LONGEST_BACKOFF = 0.05, 2.0


def connect(url: str) -> kombu.Connection:
    """A kombu connection to the broker at `url`, not yet established. No side ever trusts anything but JSON."""
    if url == EMBEDDED_BROKER:
        return memory.connection()
    return kombu.Connection(url, heartbeat=15, connect_timeout=5, transport_options={"read_timeout": None, "login_method": "PLAIN"})


class Link:
    """`set_up(channel)` consumes, and is called after every (re)connection; `on_lost()` after every loss.

    `on_return(message)`: a mandatory message that no queue takes came back.
    """

    def __init__(
        self,
        url: str,
        name: str,
        set_up: Callable[[Any], None],
        on_lost: Callable[[], None] = lambda: None,
        on_return: Callable[[Any], None] = lambda _message: None,
    ) -> None:
        self.url, self.name = url, name
        self._set_up, self._on_lost, self._on_return = set_up, on_lost, on_return
        self._connection: Any = None
        self._stopping = False
        self._threads: list[Any] = []
        self._consumers: list[str] = []

    def start(self, spawn: Callable[..., Any]) -> None:
        """Connect and go on in greenlets made by `spawn`. A broker that is not there yet is waited for in the background."""
        try:
            self._open()
        except Exception as error:  # whatever the transport raises, the reader's loop tries again
            log.warning("%s: broker not reached yet: %s", self.name, error)
        self._threads = [spawn(self._read, f"{self.name} reader"), spawn(self._beat, f"{self.name} heartbeat")]

    @property
    def blocked(self) -> bool:
        """Whether the broker takes no messages at the moment (it is short of memory or disk)."""
        return self._connection is not None and self._connection.blocked

    def settle(self, message: Any) -> None:
        """Acknowledge a delivered message, if its channel is still there; otherwise the broker gives it to somebody again."""
        if self._holds(message):
            self._connection.ack(message)

    def refuse(self, message: Any, requeue: bool = False) -> None:
        """Send a delivered message to its queue's dead letters, or back into the queue."""
        if self._holds(message):
            self._connection.reject(message, requeue)

    def _holds(self, message: Any) -> bool:
        # A message of an earlier connection is the broker's again already.
        return self._connection is not None and message.channel is self._connection.channel and not message.acknowledged

    def cancel(self) -> None:
        """Ask for no more deliveries, without waiting for the broker's word: our reader reads it."""
        while self._consumers and self._connection is not None:
            self._connection.cancel(self._consumers.pop())

    def stop(self) -> None:
        self._stopping = True
        for thread in self._threads:
            thread.kill()
        self._drop()

    def publish(
        self,
        body: bytes,
        routing_key: str,
        exchange: str = "",
        headers: Mapping[str, str] | None = None,
        mandatory: bool = False,
        **properties: str,
    ) -> None:
        """Hand one JSON message to the broker, and do not wait until it has it; Unavailable where there is no connection."""
        if self._connection is None:
            raise Unavailable("broker_unavailable", "The message bus cannot be reached; try again shortly.")
        self._connection.publish(body, exchange, routing_key, mandatory, tuple(headers.items()) if headers else (), properties)

    def consume(self, channel: Any, queue: str, receive: Callable[[Any], None], prefetch: int = 0) -> None:
        """For `set_up` to call: have `receive(message)` called for each delivery, at most `prefetch` unsettled at a time.

        Without `prefetch` deliveries need no acknowledgement. A delivery that `receive` fails at is refused: it would come again for ever.
        """

        def take(message: Any) -> None:
            try:
                receive(message)
            except Exception:
                log.exception("%s: a message could not be taken", self.name)
                if prefetch:
                    self.refuse(message)

        tag = f"{self.name}-{len(self._consumers)}"
        channel.consume(queue, tag, take, prefetch)
        self._consumers.append(tag)

    def _open(self) -> None:
        connection = memory.Connection() if self.url == EMBEDDED_BROKER else Connection(self.url, self._returned)
        try:
            self._set_up(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _returned(self, message: Any) -> None:
        try:
            self._on_return(message)
        except Exception:
            log.exception("%s: a returned message could not be taken", self.name)

    def _read(self) -> None:
        delay, begun = SHORTEST_BACKOFF, time.monotonic()
        while not self._stopping:
            try:
                if self._connection is None:
                    self._open()
                    log.info("%s: connected", self.name)
                begun = time.monotonic()
                self._connection.run()
            except Exception as error:
                log.warning("%s: broker lost (%s: %s), connecting again", self.name, type(error).__name__, error)
                self._drop()
                self._on_lost()
                if time.monotonic() - begun > LONGEST_BACKOFF:  # one that stood; a queue that is not there is told only after opening
                    delay = SHORTEST_BACKOFF
                eventlet.sleep(delay)
                delay = min(LONGEST_BACKOFF, delay * 2)

    def _beat(self) -> None:
        while not self._stopping:
            eventlet.sleep(HEARTBEAT / 2)
            if self._connection is not None:
                self._connection.beat()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._consumers.clear()
        if connection is not None:
            connection.close()
