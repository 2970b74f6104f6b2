"""Reads what is left behind: each service's database, and the event log. It changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kombu import Connection as Bus
from sqlalchemy import Connection, text

from shared.platform.database import make_engine
from shared.platform.settings import Settings
from shared.platform.topology import EVENT_LOG, SUBSCRIPTIONS, dead_letter_queue

PUBLISHERS = tuple(SUBSCRIPTIONS)

_SILENCE = 3.0
"""Seconds without a further event after which the log is read to its end."""


class Books:
    """The databases, each read in one go."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def rows(self, service: str, query: str, **parameters: Any) -> Sequence[Any]:
        with self._open(service) as connection:
            return connection.execute(text(query), parameters).all()

    def number(self, service: str, query: str, **parameters: Any) -> int:
        """The query's one figure."""
        return int(self.rows(service, query, **parameters)[0][0] or 0)

    def everywhere(self, query: str) -> int:
        """The query's figure, summed over all services."""
        return sum(self.number(service, query) for service in PUBLISHERS)

    def published(self) -> dict[str, tuple[str, str, int]]:
        """Every event in an outbox by id: its source, subject and version."""
        return {
            str(row.id): (service, row.subject, row.version) for service in PUBLISHERS for row in self.rows(service, "SELECT id, subject, version FROM outbox")
        }

    def logged(self, expected: int) -> Counter[str]:
        """How often each event stands in the event log, by id. Reads on until `expected` ones have come and there is silence."""
        found: Counter[str] = Counter()
        with Bus(self.settings.broker) as connection:
            channel: Any = connection.channel()

            def take(message: Any) -> None:
                found[message.properties["message_id"]] += 1
                channel.basic_ack(message.delivery_tag)

            channel.basic_qos(0, 1000, False)
            channel.basic_consume(EVENT_LOG, callback=take, arguments={"x-stream-offset": "first"})
            while True:
                try:
                    connection.drain_events(timeout=_SILENCE if len(found) >= expected else 5 * _SILENCE)
                except TimeoutError:
                    return found

    def dead_letters(self) -> dict[str, int]:
        """How many messages each service could not take."""
        with Bus(self.settings.broker) as connection:
            channel: Any = connection.channel()
            subscribers = [service for service, sources in SUBSCRIPTIONS.items() if sources]
            return {service: channel.queue_declare(dead_letter_queue(service), passive=True).message_count for service in subscribers}

    @contextmanager
    def _open(self, service: str) -> Iterator[Connection]:
        engine = make_engine(service, self.settings)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()
