"""One connection to RabbitMQ with one channel: py-amqp opens, consumes and closes, messages travel in our own frames over a `Stream`.

Opening and closing have deadlines; publishing never waits: what the broker does not take is kept up to a bound, beyond it callers are told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import amqp
import eventlet
from amqp import spec
from kombu.connection import Connection as Client

from shared.kit.errors import Unavailable
from shared.platform import frames
from shared.platform.frames import Content
from shared.platform.stream import Stream

log = logging.getLogger(__name__)

HEARTBEAT = 8
"""Seconds, as AMQP counts them: a peer that is silent for two of them is dead."""
OPEN_SECONDS, CLOSE_SECONDS = 8.0, 1.0
MOST_UNSENT = 32 << 20
"""Bytes that wait for the broker to take them; a request is some hundred, a printed document some hundred thousand, an uploaded one up to seven million."""


class Connection:
    """What comes is given to its consumer, or to `returned`, in the greenlet that runs `run`."""

    def __init__(self, url: str, returned: Callable[[Content], None]) -> None:
        client = Client(url)  # reads the address as all of kombu does
        secure = client.ssl or client.transport_cls == "amqps"
        self._amqp = amqp.Connection(
            client.host, client.userid, client.password, "PLAIN", virtual_host=client.virtual_host, ssl=secure, connect_timeout=5, heartbeat=HEARTBEAT
        )
        self.blocked = self._closing = False
        self._silent = 0
        self._consumers = {"": returned}
        self._unsettled: dict[int, None] = {}  # deliveries' tags, in their order, where they are to be acknowledged
        self._done: set[int] = set()  # those of them that the broker is to be told of next
        try:
            with eventlet.Timeout(OPEN_SECONDS, TimeoutError("the broker does not answer")):
                self._amqp.connect()
                self.channel = self._amqp.channel()
        except BaseException:
            with eventlet.Timeout(CLOSE_SECONDS, False):
                self._amqp.collect()
            raise
        self._amqp.on_blocked, self._amqp.on_unblocked = self._block, self._unblock
        transport = self._amqp.transport
        self._stream = Stream(transport.sock, self._acknowledgements)
        transport._write = lambda data: self._stream.write(bytes(data))  # noqa: SLF001  (py-amqp's buffer is written over by its next frame)
        self._reader = frames.Reader(self.channel, self._amqp.frame_max, self._content, self._other)

    def publish(self, body: bytes, exchange: str, routing_key: str, mandatory: bool, headers: tuple[tuple[str, str], ...], properties: dict[str, str]) -> None:
        """Unavailable where too much waits for the broker already."""
        if self._stream.backlog > MOST_UNSENT:
            raise Unavailable("broker_unavailable", "The message bus takes nothing at the moment; try again shortly.")
        self._stream.write(frames.publish(self.channel.channel_id, self._amqp.frame_max, body, exchange, routing_key, mandatory, headers, False, **properties))

    def consume(self, queue: str, tag: str, receive: Callable[[Content], None], prefetch: int) -> None:
        """Without waiting for the broker's word: a refusal ends the connection. Without `prefetch` nothing is acknowledged."""
        self._consumers[tag] = self._noting(receive) if prefetch else receive
        if prefetch:
            self.channel.send_method(spec.Basic.Qos, "lBb", (0, prefetch, False))
        self.channel.basic_consume(queue, no_ack=not prefetch, consumer_tag=tag, nowait=True)

    def cancel(self, tag: str) -> None:
        self.channel.basic_cancel(tag, nowait=True)

    def ack(self, message: Content) -> None:
        message.acknowledged = True
        self._done.add(message.tag)
        self._stream.write(b"")

    def reject(self, message: Content, requeue: bool) -> None:
        message.acknowledged = True
        self._unsettled.pop(message.tag, None)
        self.channel.basic_reject(message.tag, requeue)

    def run(self) -> None:
        """Take what comes, until the connection is lost: that is raised."""
        while True:
            self._reader.feed(self._stream.read())
            self._silent = 0

    def beat(self) -> None:
        """To be called twice a `HEARTBEAT`; ends a connection whose peer was silent for two of them.

        Calls are counted, not seconds, so that a hub that was kept busy takes nobody for dead.
        """
        self._stream.write(frames.HEARTBEAT)
        self._silent += 1
        if self._silent > 4:
            self._stream.close(TimeoutError("no heartbeat from the broker"))

    def close(self) -> None:
        """Send what is not sent yet and say good-bye, if that is possible soon. What still comes is left to the broker."""
        self._closing = True
        self._stream.write(self._acknowledgements())
        with eventlet.Timeout(CLOSE_SECONDS, False):
            try:
                self._amqp.send_method(spec.Connection.Close, "BsBB", (200, "", 0, 0))
                self.run()
            except Exception as error:
                log.debug("closed: %s", error)
        self._stream.close()

    def _noting(self, receive: Callable[[Content], None]) -> Callable[[Content], None]:
        def noted(message: Content) -> None:
            self._unsettled[message.tag] = None
            receive(message)

        return noted

    def _acknowledgements(self) -> bytes:
        """Of all that was acknowledged since the last time; the oldest in a row take one frame, and a queue's replicas one decision."""
        done, self._done = self._done, set()
        channel, row = self.channel.channel_id, 0
        while self._unsettled and (oldest := next(iter(self._unsettled))) in done:
            row = oldest
            done.remove(row)
            del self._unsettled[row]
        for tag in done:
            del self._unsettled[tag]
        return b"".join(([frames.ack(channel, row, True)] if row else []) + [frames.ack(channel, tag) for tag in sorted(done)])

    def _content(self, message: Content) -> None:
        if not self._closing:
            self._consumers[message.consumer](message)

    def _other(self, frame: tuple[int, int, bytes]) -> None:
        if frame[2][:4] == frames.CLOSE_OK:
            raise ConnectionAbortedError("closed in good order")
        self._amqp.on_inbound_frame(frame)

    def _block(self, reason: str) -> None:
        log.warning("the broker takes no messages: %s", reason)
        self.blocked = True

    def _unblock(self) -> None:
        log.info("the broker takes messages again")
        self.blocked = False
