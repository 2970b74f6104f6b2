"""`tradelane outbox`: what is unsent is counted, and sent from here while no relay is at work."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from shared.kit.clock import utc_now
from shared.platform import relay
from shared.platform.records import leases, outbox
from shared.platform.topology import SUBSCRIPTIONS
from tests.builders.database import TestDatabase
from tests.integration.operators.scene import Operator, emit
from tradelane.broker import channel


def write_down(database: TestDatabase, count: int, ago: timedelta = timedelta(0)) -> None:
    """Events to be published, of one aggregate, as old as said."""
    with database.transaction(later=-ago) as tx:
        for number in range(count):
            emit(tx, "order-1", str(number))


def lease(database: TestDatabase, seconds: float) -> None:
    """Somebody's relay holds the lease for so long."""
    with database.transaction() as tx:
        tx.execute(insert(leases).values(name="relay", holder="host-7 pid 42", acquired_at=utc_now(), expires_at=utc_now() + timedelta(seconds=seconds)))


def unsent(database: TestDatabase) -> int:
    with database.transaction() as tx:
        return len(tx.execute(select(outbox).where(outbox.c.sent_at.is_(None))).all())


def flushed(operator: Operator, *words: str) -> dict[str, Any]:
    (row,) = operator.run("outbox", "flush", "catalog", "--json", *words).rows
    return row


def names(operator: Operator) -> list[str]:
    """What came to the orders' inbox from the catalog, in its order."""
    return [message.headers["ce-aggregateversion"] for message in operator.taken("orders.inbox")]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "BATCH", 3)


def test_status_tells_each_service_its_unsent_events_their_age_and_the_relay(operator: Operator, catalog: TestDatabase) -> None:
    write_down(catalog, 2, ago=timedelta(seconds=10))
    lease(catalog, 60)
    done = operator.run("outbox", "status", "--json")
    rows = {row.pop("service"): row for row in done.rows}
    assert list(rows) == list(SUBSCRIPTIONS)
    assert rows["orders"] == {"unsent": 0, "oldest_seconds": None, "holder": None, "held_until": None, "ok": True}
    assert (rows["catalog"]["unsent"], rows["catalog"]["holder"]) == (2, "host-7 pid 42")
    assert 10 <= rows["catalog"]["oldest_seconds"] < 60
    assert datetime.fromisoformat(rows["catalog"]["held_until"]) > utc_now()
    assert done.status == 0
    table = operator.run("outbox", "status")
    assert "host-7 pid 42" in table.out


def test_an_event_that_has_waited_for_too_long_is_a_problem(operator: Operator, catalog: TestDatabase) -> None:
    write_down(catalog, 1, ago=timedelta(seconds=40))
    assert operator.run("outbox", "status").status == 1
    assert operator.run("outbox", "status", "--patience", "60").status == 0
    assert operator.run("outbox", "status", "orders").status == 0


def test_a_lease_that_ran_out_is_nobodys(operator: Operator, catalog: TestDatabase) -> None:
    lease(catalog, -1)
    (row,) = operator.run("outbox", "status", "catalog", "--json").rows
    assert (row["holder"], row["held_until"]) == (None, None)


def test_flush_publishes_all_in_order_and_says_how_many(operator: Operator, catalog: TestDatabase) -> None:
    write_down(catalog, 7)
    done = operator.run("outbox", "flush", "--json")
    assert done.status == 0
    assert {row["service"]: row["sent"] for row in done.rows} == dict.fromkeys(SUBSCRIPTIONS, 0) | {"catalog": 7}
    assert names(operator) == ["1", "2", "3", "4", "5", "6", "7"]
    assert unsent(catalog) == 0
    assert flushed(operator) == {"service": "catalog", "sent": 0, "error": None, "ok": True}
    lease_left = operator.run("outbox", "status", "catalog", "--json").rows[0]["holder"]
    assert lease_left is None, "the service's own relay need not wait for it"


def test_flush_leaves_a_living_relay_its_work(operator: Operator, catalog: TestDatabase) -> None:
    write_down(catalog, 1)
    lease(catalog, 60)
    done = operator.run("outbox", "flush", "catalog", "--json")
    (row,) = done.rows
    assert (done.status, row["sent"]) == (1, 0)
    assert row["error"].startswith("A relay is at work and sends by itself (host-7 pid 42, until ")
    assert unsent(catalog) == 1
    assert names(operator) == []


def test_where_nothing_is_unsent_a_living_relay_is_no_hindrance(operator: Operator, catalog: TestDatabase) -> None:
    lease(catalog, 60)
    assert flushed(operator)["ok"]


def test_with_force_flush_waits_until_the_relay_is_gone(operator: Operator, catalog: TestDatabase) -> None:
    write_down(catalog, 4)
    lease(catalog, 2)
    begun = time.monotonic()
    assert flushed(operator, "--force") == {"service": "catalog", "sent": 4, "error": None, "ok": True}
    assert time.monotonic() - begun > 1
    assert names(operator) == ["1", "2", "3", "4"]


def test_with_force_flush_ends_when_the_relay_has_sent_all(operator: Operator, catalog: TestDatabase) -> None:
    write_down(catalog, 1)
    lease(catalog, 60)

    def send() -> None:
        with catalog.transaction() as tx:
            tx.execute(update(outbox).values(sent_at=utc_now()))

    soon = threading.Timer(1, send)
    soon.start()
    assert flushed(operator, "--force") == {"service": "catalog", "sent": 0, "error": None, "ok": True}
    soon.join()


def test_what_the_broker_refuses_stays_unsent(operator: Operator, catalog: TestDatabase) -> None:
    with channel(operator.broker.broker) as bus:
        bus.queue_declare("small", durable=True, auto_delete=False, arguments={"x-max-length": 2, "x-overflow": "reject-publish"})
        bus.queue_bind("small", exchange="catalog.events", routing_key="#")
    write_down(catalog, 5)
    done = operator.run("outbox", "flush", "catalog", "--json")
    (row,) = done.rows
    assert done.status == 1
    assert row["sent"] + unsent(catalog) == 5
    assert 0 < row["sent"] < 5
    assert "refused" in row["error"]


def test_a_broker_that_is_away_is_told_and_nothing_is_marked_as_sent(operator: Operator, catalog: TestDatabase) -> None:
    write_down(catalog, 1)
    operator.environment.setenv("BROKER_CATALOG", "amqp://catalog:secret@127.0.0.1:1//")
    done = operator.run("outbox", "flush")
    assert done.status == 1
    assert "The broker does not answer as it should" in done.out
    assert "secret" not in done.out
    assert unsent(catalog) == 1


def test_a_database_that_is_away_is_told_in_a_sentence(operator: Operator) -> None:
    operator.environment.setenv("DATABASE_CATALOG", "postgresql://catalog:secret@127.0.0.1:1/catalog")
    done = operator.run("outbox", "status")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("The database of catalog does not answer as it should: ")
    rows = operator.run("outbox", "flush", "--json").rows
    assert [row["service"] for row in rows if not row["ok"]] == ["catalog"], "the others are flushed"


def test_a_service_without_an_outbox_is_wrong_usage(operator: Operator) -> None:
    assert operator.run("outbox", "status", "gateway").status == 2
    assert operator.run("outbox", "flush", "nobody").status == 2


def test_what_is_marked_as_unsent_again_is_sent_again(operator: Operator, catalog: TestDatabase) -> None:
    write_down(catalog, 2)
    flushed(operator)
    operator.taken("orders.inbox")
    with catalog.transaction() as tx:
        tx.execute(update(outbox).values(sent_at=None))
    assert flushed(operator)["sent"] == 2
    assert names(operator) == ["1", "2"]


def test_what_is_published_outlives_the_broker_and_bears_the_events_id(operator: Operator, catalog: TestDatabase) -> None:
    write_down(catalog, 1)
    flushed(operator)
    (message,) = operator.taken("orders.inbox")
    expected = {"delivery_mode": 2, "message_id": message.headers["ce-id"], "content_type": "application/json", "content_encoding": "utf-8"}
    assert {name: message.properties[name] for name in expected} == expected
