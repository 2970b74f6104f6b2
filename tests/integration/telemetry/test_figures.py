"""The figures of a service's database, on PostgreSQL; and that each thing that may come of an event is counted as what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import insert, text, update

from shared.kit.clock import utc_now
from shared.kit.errors import Unavailable
from shared.kit.ids import new_id
from shared.platform import settings as settings_module
from shared.platform.context import Context
from shared.platform.inbox import Inbox
from shared.platform.records import inbox, outbox
from shared.platform.telemetry.figures import look
from shared.platform.wire import Event
from tests.builders.database import TestDatabase

USED, UNUSED = "orders.order_placed.v1", "orders.goods_insured.v1"


def register(tx: Any) -> None:
    tx.emit("accounts.account_registered.v1", new_id(), {"account_id": new_id(), "name": "Ada", "roles": [], "country": "DE"})


def figures(database: TestDatabase) -> dict[tuple[str, str], float]:
    """(gauge, state) → value."""
    with database.transaction() as tx:
        return {(name, state): value for name, state, value in look(tx, {"orders": lambda _tx: {"in_transit": 7}})}


def test_where_all_is_quiet_everything_is_zero(database: TestDatabase) -> None:
    quiet = {("outbox_events", ""): 0, ("outbox_oldest_age_seconds", ""): 0, ("orders", "in_transit"): 7}
    assert figures(database) == quiet | {("inbox_events", state): 0 for state in ("pending", "dead", "dropped")}


def test_the_outbox_tells_what_waits_and_for_how_long_whatever_the_test_clock_says(database: TestDatabase) -> None:
    with database.transaction(later=timedelta(days=-30)) as tx:
        register(tx)
        tx.execute(update(outbox).values(sent_at=utc_now()))
    for days in (8, -8):
        with database.transaction(later=timedelta(days=days)) as tx:
            register(tx)
    told = figures(database)
    assert told["outbox_events", ""] == 2
    assert 0 <= told["outbox_oldest_age_seconds", ""] < 60


def test_the_age_is_that_of_the_first_to_go(database: TestDatabase) -> None:
    hour_ago = "019c0000" + new_id()[8:]
    with database.transaction() as tx:
        register(tx)
        tx.execute(update(outbox).values(id=hour_ago))
        register(tx)
    born = int("019c0000" + hour_ago[9:13], 16) / 1000
    assert figures(database)["outbox_oldest_age_seconds", ""] == pytest.approx(utc_now().timestamp() - born, abs=60)


def test_the_inbox_tells_what_is_not_done_by_state(database: TestDatabase) -> None:
    states = ["done"] * 4 + ["pending"] * 3 + ["dead"] * 2 + ["dropped"]
    rows = [
        {"id": new_id(), "type": USED, "source": "orders", "subject": "order-1", "version": version, "state": state, "received_at": utc_now(), "attempts": 0}
        for version, state in enumerate(states, 1)
    ]
    with database.transaction() as tx:
        tx.execute(insert(inbox), rows)
    told = figures(database)
    assert [told["inbox_events", state] for state in ("pending", "dead", "dropped")] == [3, 2, 1]


def test_no_figure_reads_what_is_done(database: TestDatabase) -> None:
    """The tables only grow: what is asked every few seconds must go by the partial indexes."""
    with database.transaction() as tx:
        tx.execute(text("SET LOCAL enable_seqscan = off"))  # a small table is read whole, whatever indexes it has
        for query in (
            "SELECT count(*), min(position) FROM outbox WHERE sent_at IS NULL",
            "SELECT state, count(*) FROM inbox WHERE state <> 'done' GROUP BY state",
        ):
            plan = "\n".join(tx.execute(text(f"EXPLAIN {query}")).scalars())
            assert "outbox_unsent" in plan or "inbox_waiting" in plan, plan


class Consumer:
    """An inbox whose reaction fails as long as it is told to; it counts under a name of its own."""

    def __init__(self, database: TestDatabase) -> None:
        self.name = f"consumer-{new_id()}"
        self.error: Exception | None = None
        self.inbox = Inbox(self.name, database.run, {USED: self.react})

    def react(self, _tx: Any, _event: Event) -> None:
        if self.error:
            raise self.error

    def counted(self) -> dict[tuple[str, str], float]:
        """(type, outcome) → events."""
        (family,) = [each for each in REGISTRY.collect() if each.name == "tradelane_event_duration_seconds"]
        mine = [each for each in family.samples if each.name.endswith("_count") and each.labels["service"] == self.name]
        return {(each.labels["type"], each.labels["outcome"]): each.value for each in mine}

    def duplicates(self) -> float | None:
        return REGISTRY.get_sample_value("tradelane_inbox_duplicates_total", {"service": self.name})


@pytest.fixture
def consumer(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Consumer]:
    changed = replace(settings_module.read(), retry_attempts=2)
    monkeypatch.setattr("shared.platform.inbox.settings", lambda: changed)
    return Consumer(database)


def event(version: int, type: str = USED) -> Event:
    return Event(new_id(), type, "orders", "order-1", version, utc_now(), Context("correlation"), {"version": version})


def test_what_is_handled_and_what_comes_again(consumer: Consumer) -> None:
    assert consumer.duplicates() == 0
    first = event(1)
    for _ in range(3):
        consumer.inbox.receive(first)
    assert consumer.counted() == {(USED, "ok"): 1, (USED, "duplicate"): 2}
    assert consumer.duplicates() == 2


def test_what_waits_for_a_gap_is_counted_and_again_when_it_is_handled(consumer: Consumer) -> None:
    consumer.inbox.receive(event(2))
    consumer.inbox.receive(event(3, UNUSED))
    assert consumer.counted() == {(USED, "waiting"): 1, ("other", "waiting"): 1}
    consumer.inbox.receive(event(1))
    assert consumer.counted() == {(USED, "waiting"): 1, ("other", "waiting"): 1, (USED, "ok"): 2, ("other", "ok"): 1}


def test_what_fails_and_what_is_dead(consumer: Consumer, database: TestDatabase) -> None:
    consumer.error = RuntimeError("a defect")
    consumer.inbox.receive(event(1))
    with database.transaction() as tx:
        tx.execute(update(inbox).values(next_attempt_at=utc_now() - timedelta(seconds=1)))
    consumer.inbox.attempt_due()
    assert consumer.counted() == {(USED, "failed"): 1, (USED, "dead"): 1}


def test_a_database_that_is_away_is_an_outage_and_no_failure_of_the_event(consumer: Consumer) -> None:
    consumer.error = Unavailable("database_unavailable", "The database is away.")
    with pytest.raises(Unavailable):
        consumer.inbox.receive(event(1))
    assert consumer.counted() == {(USED, "unavailable"): 1}
