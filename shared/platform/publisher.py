"""Publishing rows of the outbox: in order, a batch in one write, and the broker's word on each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any

import eventlet
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage

from shared.platform import crashpoints, frames, wire
from shared.platform.context import Context
from shared.platform.link import connect
from shared.platform.telemetry.tracing import OK, Span

log = logging.getLogger(__name__)

PATIENCE = 10.0  # seconds for a batch to be sent and confirmed
CLOSE_TIMEOUT = 1.0


class Publisher:
    """A connection that publishes events in order and hears the broker's confirms, which come while further events are under way.

    Events leave in our own frames; all else on the connection is py-amqp's. Embedded, all of it is kombu's.
    """

    def __init__(self, url: str, embedded: bool) -> None:
        self.embedded = embedded
        self.connection = connect(url)
        self.unconfirmed: dict[int, tuple[int, Span]] = {}  # by delivery tag: the position, and what shows it in a trace
        self.published = 0
        try:
            self.connection.connect()
            self.channel: Any = self.connection.channel()
        except Exception:
            self.close()
            raise
        if not embedded:
            self.channel.confirm_select()
            self.channel.events["basic_ack"].add(self._settled)
            self.channel.events["basic_nack"].add(self._refused)

    @property
    def under_way(self) -> list[int]:
        """The positions of what is sent and not yet confirmed."""
        return [position for position, _ in self.unconfirmed.values()]

    def publish(self, exchange: str, rows: Sequence[Any], source: str, leave: int = 0) -> list[int]:
        """Send the rows in order, then wait until no more than `leave` are under way; the positions of those the broker has taken over meanwhile."""
        self.taken, self.refused = list[int](), False
        send = self._hand_over if self.embedded else self._send
        send(exchange, [self._begin(row, source) for row in rows])
        crashpoints.reach("after_publish", meant=rows)
        if self.embedded:
            self._settled(self.published, multiple=True)
        while len(self.unconfirmed) > (0 if self.refused else leave):
            self.connection.drain_events(timeout=PATIENCE)
        return self.taken

    def _begin(self, row: Any, source: str) -> tuple[Any, RabbitMQMessage]:
        """The row, now under way, and its message."""
        span = Span(source, f"publish {row.type}", "producer", Context(**row.context), wire.traced(row))
        self.published += 1
        self.unconfirmed[self.published] = row.position, span
        crashpoints.reach("before_publish")
        return row, wire.event_message(row, source, span.context)

    def _send(self, exchange: str, events: Sequence[tuple[Any, RabbitMQMessage]]) -> None:
        """In one write: a system call for each event would cost more than the event."""
        channel, transport = self.channel.channel_id, self.connection.connection.transport
        frame_max = self.connection.connection.frame_max
        written = (
            frames.publish(channel, frame_max, event.body, exchange, row.type, headers=tuple(event.headers.items()), persistent=True, message_id=row.id)
            for row, event in events
        )
        transport.write(b"".join(written))

    def _hand_over(self, exchange: str, events: Sequence[tuple[Any, RabbitMQMessage]]) -> None:
        for row, event in events:
            properties = {"delivery_mode": 2, "message_id": row.id}
            message = self.channel.prepare_message(event.body, None, event.content_type, "utf-8", event.headers, properties)
            self.channel.basic_publish(message, exchange=exchange, routing_key=row.type)

    def beat(self) -> None:
        """Keep a connection that has nothing to send alive; an error where it is not."""
        if not self.embedded:
            with suppress(TimeoutError):
                self.connection.drain_events(timeout=0.01)
            self.connection.heartbeat_check(rate=2)

    def close(self) -> None:
        for tag in list(self.unconfirmed):
            self._settle(tag, "failed")
        with eventlet.Timeout(CLOSE_TIMEOUT, False):
            try:
                self.connection.close()
            except Exception:
                log.debug("closing the relay's connection failed", exc_info=True)

    def _settled(self, tag: int, multiple: bool) -> None:
        self.taken += [self._settle(each, OK) for each in self._tags(tag, multiple)]

    def _refused(self, tag: int, multiple: bool) -> None:
        self.refused = True
        for each in self._tags(tag, multiple):
            self._settle(each, "failed")

    def _tags(self, tag: int, multiple: bool) -> list[int]:
        return list(takewhile(lambda each: each <= tag, self.unconfirmed)) if multiple else [tag]

    def _settle(self, tag: int, outcome: str) -> int:
        position, span = self.unconfirmed.pop(tag)
        span.outcome = outcome
        span.end()
        return position
