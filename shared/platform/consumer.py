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

from shared.platform import wire
from shared.platform.inbox import Inbox, Lock
from shared.platform.intake import MOST_HELD, Intake
from shared.platform.link import Link
from shared.platform.settings import settings
from shared.platform.store_base import Base
from shared.platform.telemetry.metrics import UNDELIVERABLE
from shared.platform.topology import SUBSCRIPTIONS, inbox_queue

log = logging.getLogger(__name__)

RETRY_INTERVAL, RETRY_INTERVAL_EMBEDDED = 0.5, 2.0  # seconds between looks for waiting events


class EventConsumer(SharedExtension):
    base = Base()

    def setup(self) -> None:
        self.service = self.container.service_name
        self.undeliverable = UNDELIVERABLE.labels(self.service)
        self.draining = False
        self.link = Link(settings().broker_of(self.service), f"{self.service} events", self._consume)

    def begin(self, entrypoint: Consumes) -> None:
        # The service's method without its dependencies: a reaction works on its transaction alone, it calls nobody.
        react = getattr(self.container.service_cls(), entrypoint.method_name)
        self.inbox = Inbox(self.service, self.base.run, dict.fromkeys(entrypoint.types, react), entrypoint.together, entrypoint.lock)
        self.intake = Intake(self.inbox, self.link.settle, self.container.spawn_managed_thread, settings().event_workers)
        self.link.start(self.container.spawn_managed_thread)
        self.retries = self.container.spawn_managed_thread(self._retry, "inbox retries")

    def drain(self) -> None:
        """Take no more events, wait for those at work, close."""
        self.draining = True
        self.link.cancel()
        self.intake.finish(settings().drain_timeout)
        self.retries.kill()
        self.link.stop()

    def _consume(self, channel: Any) -> None:
        self.link.consume(channel, inbox_queue(self.service), self._receive, prefetch=settings().event_workers + MOST_HELD)

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
        self.intake.take(message, event)

    def _retry(self) -> None:
        interval = RETRY_INTERVAL_EMBEDDED if settings().embedded else RETRY_INTERVAL
        while True:
            eventlet.sleep(interval)
            try:
                self.inbox.attempt_due()
            except Exception as error:
                log.warning("inbox: %s", error)


class Consumes(Entrypoint):
    consumer = EventConsumer()

    def __init__(self, types: Iterable[str], together: Iterable[str] = (), lock: Lock = lambda _tx, _events: None) -> None:
        super().__init__()
        self.types, self.together, self.lock = tuple(types), tuple(together), lock

    def start(self) -> None:
        self.consumer.begin(self)

    def stop(self) -> None:
        self.consumer.drain()


consumes = Consumes.decorator
"""`@consumes(REACTIONS)` on a method `react(self, tx, event)`: called for each event whose type is in `REACTIONS`, in the event's transaction.

`together` and `lock` are the inbox's: which types may share a transaction, and what is locked before."""
