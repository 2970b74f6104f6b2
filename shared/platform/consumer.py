"""Events in: `@consumes(reactions)` feeds a service's inbox from its queue.

A message is acknowledged once the inbox has taken it over. What is no event of ours goes to the dead-letter queue; while the
database cannot be reached nothing is acknowledged and nothing more is taken.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import eventlet
from nameko.extensions import Entrypoint, SharedExtension

from shared.kit.errors import Unavailable
from shared.platform import crashpoints, wire
from shared.platform.inbox import Inbox
from shared.platform.link import Link
from shared.platform.settings import settings
from shared.platform.store_base import Base
from shared.platform.telemetry.metrics import UNDELIVERABLE
from shared.platform.topology import SUBSCRIPTIONS, inbox_queue

log = logging.getLogger(__name__)

RETRY_INTERVAL = 0.5  # seconds between looks for waiting events
PAUSE = 1.0  # seconds until the database is asked again


class EventConsumer(SharedExtension):
    base = Base()

    def setup(self) -> None:
        self.service = self.container.service_name
        self.undeliverable = UNDELIVERABLE.labels(self.service)
        self.working = 0
        self.draining = False
        self.link = Link(settings().broker_of(self.service), f"{self.service} events", self._consume)

    def begin(self, entrypoint: Consumes) -> None:
        # The service's method without its dependencies: a reaction works on its transaction alone, it calls nobody.
        react = getattr(self.container.service_cls(), entrypoint.method_name)
        self.inbox = Inbox(self.service, self.base.run, dict.fromkeys(entrypoint.types, react))
        self.link.start(self.container.spawn_managed_thread)
        self.retries = self.container.spawn_managed_thread(self._retry, "inbox retries")

    def drain(self) -> None:
        """Take no more events, wait for those at work, close."""
        self.draining = True
        self.link.cancel()
        with eventlet.Timeout(settings().drain_timeout, False):
            while self.working:
                eventlet.sleep(0.01)
        self.retries.kill()
        self.link.stop()

    def _consume(self, channel: Any) -> None:
        self.link.consume(channel, inbox_queue(self.service), self._receive, prefetch=settings().event_workers)

    def _receive(self, message: Any) -> None:
        if self.draining:
            return  # not acknowledged: it goes to another replica when the connection closes
        try:
            event = wire.read_event(message.headers, message.content_type, message.body)
            if event.source not in SUBSCRIPTIONS[self.service]:
                raise ValueError(f"{self.service} takes no events of {event.source!r}")
        except ValueError as error:
            self.undeliverable.inc()
            log.error("undeliverable event, to the dead letters: %s", error)
            self.link.refuse(message)
            return
        self.working += 1
        self.container.spawn_managed_thread(lambda: self._work(message, event), "event")

    def _work(self, message: Any, event: wire.Event) -> None:
        try:
            while not self._taken(event):
                # The message is held, and with it a place of the prefetch window: no more come than can be worked on.
                if self.draining:
                    return
                eventlet.sleep(PAUSE)
            crashpoints.reach("before_ack")
            self.link.settle(message)
            crashpoints.reach("after_ack")
        except Exception:
            log.exception("event %s is left to be delivered again", event.id)
        finally:
            self.working -= 1

    def _taken(self, event: wire.Event) -> bool:
        try:
            self.inbox.receive(event)
        except Unavailable as error:
            log.warning("event %s waits: %s", event.id, error)
            return False
        return True

    def _retry(self) -> None:
        while True:
            eventlet.sleep(RETRY_INTERVAL)
            try:
                self.inbox.attempt_due()
            except Exception as error:
                log.warning("inbox: %s", error)


class Consumes(Entrypoint):
    consumer = EventConsumer()

    def __init__(self, types: Iterable[str]) -> None:
        super().__init__()
        self.types = tuple(types)

    def start(self) -> None:
        self.consumer.begin(self)

    def stop(self) -> None:
        self.consumer.drain()


consumes = Consumes.decorator
"""`@consumes(REACTIONS)` on a method `react(self, tx, event)`: called for each event whose type is in `REACTIONS`, in the event's transaction."""
