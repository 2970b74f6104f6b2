"""What stands in the services' databases, for Prometheus: read when it asks, never while a request or an event is at work.

A database that is slow or away takes its own figures from the page, not the page: `tradelane_figures_read` says 0 for its service. Every replica
of a service tells the same figures, since they are the database's; only those of the connections are the process's own.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import eventlet
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine, func, select

from shared.platform.database import Transaction
from shared.platform.records import inbox, outbox

log = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds that all databases together have."""

REST = 100
"""A census that took a second is good for so many seconds: however large its table grows, counting takes 1 % of a processor at most."""

Count = Callable[[Transaction], Mapping[str, int]]
"""How many aggregates of a kind there are, by state."""

Sample = tuple[str, str, float]
"""A gauge's name (without `tradelane_`), the state it is for (or none), its value."""

_GAUGES = {
    "figures_read": "1 where the figures of the service's database were read in time.",
    "outbox_events": "Events that the broker has not confirmed yet.",
    "outbox_oldest_age_seconds": "How long the first of them has waited.",
    "inbox_events": "Received events that are not done, by state.",
    "database_connections": "Connections of the process's pool, by use.",
    "database_connections_limit": "How many connections the pool may open.",
}
_WITH_STATE = ("inbox_events", "database_connections")


class Database(Protocol):
    """A service's database, as `store_base.Base` is one. `census` is by the aggregates' kind (`orders`)."""

    engine: Engine
    census: Mapping[str, Count]

    def run(self, work: Callable[[Transaction], Any]) -> Any: ...


class Census:
    """A count that is taken anew only when it has rested."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._known: Mapping[str, int] = {}
        self._rests_until = 0.0

    def __call__(self, tx: Transaction) -> Mapping[str, int]:
        begun = time.monotonic()
        if begun >= self._rests_until:
            self._known = self._count(tx)
            now = time.monotonic()
            self._rests_until = now + REST * (now - begun)
        return self._known


class Watch(Collector):
    """The databases of this process, by service."""

    def __init__(self) -> None:
        self.databases: dict[str, Database] = {}
        self._looking: dict[str, Any] = {}

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The families without values: registering must not read databases."""
        return self._families().values()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        deadline = time.monotonic() + PATIENCE
        for service, database in self.databases.items():
            if service not in self._looking:  # a look that takes longer than its asker waits serves the next one, too
                self._looking[service] = eventlet.spawn(database.run, lambda tx, database=database: look(tx, database.census))
        families = self._families()
        for service, database in list(self.databases.items()):
            seen = self._seen(service, deadline)
            for name, state, value in (("figures_read", "", float(seen is not None)), *_connections(database.engine), *(seen or ())):
                families[name].add_metric((service, state) if state else (service,), value)
        return families.values()

    def _seen(self, service: str, deadline: float) -> list[Sample] | None:
        looking, seen = self._looking[service], None
        try:
            with eventlet.Timeout(max(0.01, deadline - time.monotonic()), False):
                seen = looking.wait()
        except Exception as error:
            log.warning("no figures of %s: %s", service, error)
        if looking.dead:
            self._looking.pop(service, None)
        return seen

    def _families(self) -> dict[str, GaugeMetricFamily]:
        kinds = sorted({kind for database in self.databases.values() for kind in database.census})
        described = _GAUGES | {kind: f"{kind.capitalize()} by state." for kind in kinds}
        labels = {name: ("service", "state") if name in (*_WITH_STATE, *kinds) else ("service",) for name in described}
        return {name: GaugeMetricFamily(f"tradelane_{name}", text, labels=labels[name]) for name, text in described.items()}


def look(tx: Transaction, census: Mapping[str, Count]) -> list[Sample]:
    """What the database holds. Of messages only what is not done is counted, by partial indexes; a census counts all."""
    unsent = tx.execute(select(func.count().label("events"), func.min(outbox.c.position).label("first")).where(outbox.c.sent_at.is_(None))).one()
    oldest = tx.execute(select(outbox.c.id).where(outbox.c.position == unsent.first)).scalar_one_or_none()
    undone = select(inbox.c.state, func.count().label("events")).where(inbox.c.state != "done").group_by(inbox.c.state)
    inbox_events = {"pending": 0, "dead": 0, "dropped": 0} | {row.state: row.events for row in tx.execute(undone)}
    return [
        ("outbox_events", "", unsent.events),
        ("outbox_oldest_age_seconds", "", _age(oldest) if oldest else 0.0),
        *(("inbox_events", state, events) for state, events in inbox_events.items()),
        *((kind, state, number) for kind, count in census.items() for state, number in count(tx).items()),
    ]


def _age(id: str) -> float:
    """Seconds since a UUIDv7 was made. An event's `time` would not do: it goes by the test clock."""
    return max(0.0, time.time() - (uuid.UUID(id).int >> 80) / 1000)


def _connections(engine: Engine) -> Iterator[Sample]:
    pool: Any = engine.pool
    yield "database_connections", "used", pool.checkedout()
    yield "database_connections", "idle", pool.checkedin()
    yield "database_connections_limit", "", pool.size() + pool._max_overflow  # noqa: SLF001  (SQLAlchemy offers no other way)


WATCH = Watch()
REGISTRY.register(WATCH)
