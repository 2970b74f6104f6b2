"""The figures of databases are read when somebody asks, for as long as there is time, and never hold up the page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import eventlet
import pytest
from eventlet.event import Event
from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool

from shared.kit.errors import Unavailable
from shared.platform.telemetry import figures
from shared.platform.telemetry.figures import Census, Sample, Watch


class Database:
    """Answers with `samples`, after what `first` does."""

    def __init__(self, samples: list[Sample], first: Callable[[], Any] = lambda: None) -> None:
        self.engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=3, max_overflow=2)
        self.census: dict[str, Any] = {"orders": lambda _tx: {}}
        self.samples, self.first, self.asked = samples, first, 0

    def run(self, _work: Callable[[Any], Any]) -> list[Sample]:
        self.asked += 1
        self.first()
        return self.samples


def told(watch: Watch) -> dict[tuple[str, ...], float]:
    """(metric, label values…) → value."""
    return {(sample.name, *sample.labels.values()): sample.value for family in watch.collect() for sample in family.samples}


def fail() -> None:
    raise Unavailable("database_unavailable", "The database is away.")


def test_each_service_tells_its_own_figures() -> None:
    watch = Watch()
    watch.databases = {
        "orders": Database([("outbox_events", "", 3), ("inbox_events", "dead", 2), ("orders", "in_transit", 7)]),
        "payments": Database([("outbox_events", "", 0)]),
    }
    seen = told(watch)
    assert seen["tradelane_outbox_events", "orders"] == 3
    assert seen["tradelane_outbox_events", "payments"] == 0
    assert seen["tradelane_inbox_events", "orders", "dead"] == 2
    assert seen["tradelane_orders", "orders", "in_transit"] == 7
    assert seen["tradelane_figures_read", "orders"] == seen["tradelane_figures_read", "payments"] == 1


def test_connections_in_use_are_told_without_asking_the_database() -> None:
    watch, database = Watch(), Database([], fail)
    watch.databases = {"orders": database}
    with database.engine.connect():
        seen = told(watch)
    assert seen["tradelane_database_connections", "orders", "used"] == 1
    assert seen["tradelane_database_connections_limit", "orders"] == 5


def test_a_database_that_is_away_takes_only_its_own_figures_with_it() -> None:
    watch = Watch()
    watch.databases = {"orders": Database([("outbox_events", "", 3)], fail), "payments": Database([("outbox_events", "", 1)])}
    seen = told(watch)
    assert seen["tradelane_figures_read", "orders"] == 0
    assert ("tradelane_outbox_events", "orders") not in seen
    assert seen["tradelane_outbox_events", "payments"] == 1


def test_a_slow_database_is_waited_for_no_longer_than_there_is_time_and_asked_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "PATIENCE", 0.5)
    answers: Event = Event()
    slow = Database([("outbox_events", "", 3)], answers.wait)
    watch = Watch()
    watch.databases = {"orders": slow, "catalog": Database([("outbox_events", "", 1)])}
    watch.databases |= {f"another {number}": Database([], answers.wait) for number in range(30)}
    begun = time.monotonic()
    seen = told(watch)
    assert time.monotonic() - begun < 10  # all of them together
    assert seen["tradelane_figures_read", "orders"] == 0
    assert seen["tradelane_outbox_events", "catalog"] == 1
    told(watch)
    assert slow.asked == 1
    answers.send()
    eventlet.sleep(0)
    assert told(watch)["tradelane_outbox_events", "orders"] == 3  # the look that came too late, and no second one
    assert slow.asked == 1
    monkeypatch.setattr(slow, "first", lambda: None)
    told(watch)
    assert slow.asked == 2


def test_a_census_rests_a_hundred_times_as_long_as_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    now, taken = [1000.0], []

    def count(_tx: Any) -> dict[str, int]:
        now[0] += 0.2
        taken.append(now[0])
        return {"in_transit": len(taken)}

    monkeypatch.setattr("shared.platform.telemetry.figures.time.monotonic", lambda: now[0])
    census: Any = Census(count)
    assert census(None) == {"in_transit": 1}
    now[0] += 19.9
    assert census(None) == {"in_transit": 1}
    now[0] += 0.2
    assert census(None) == {"in_transit": 2}
    assert len(taken) == 2


def test_registering_reads_no_database() -> None:
    watch, database = Watch(), Database([])
    watch.databases = {"orders": database}
    assert "tradelane_outbox_events" in {family.name for family in watch.describe()}
    assert database.asked == 0
