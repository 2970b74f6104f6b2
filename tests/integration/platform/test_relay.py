"""What the relay takes for sent, and what it sends once more."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from sqlalchemy import text, update

from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.platform import relay
from shared.platform.records import outbox
from tests.builders.database import TestDatabase


def write(database: TestDatabase, events: int) -> None:
    """So many, one a transaction."""
    for _ in range(events):
        told = {"account_id": new_id(), "name": "A", "roles": ["buyer"], "country": "DE"}
        database.run(lambda tx, told=told: tx.emit("accounts.account_registered.v1", new_id(), told))


def sent(database: TestDatabase, *seconds_ago: float) -> list[int]:
    """Events that the broker confirmed so long ago; their positions."""
    write(database, len(seconds_ago))
    positions = [row.position for row in database.run(relay.oldest_unsent)]
    for position, seconds in zip(positions, seconds_ago, strict=True):
        at = utc_now() - timedelta(seconds=seconds)
        database.run(lambda tx, position=position, at=at: tx.execute(update(outbox).where(outbox.c.position == position).values(sent_at=at)))
    return positions


def unsent(database: TestDatabase) -> list[int]:
    return [row.position for row in database.run(relay.oldest_unsent)]


def test_what_was_confirmed_around_the_beginning_of_a_connection_goes_again_in_its_order(database: TestDatabase) -> None:
    _, *doubted = sent(database, 60, 14, 1, 0)
    assert unsent(database) == []
    database.run(lambda tx: relay.send_again(tx, utc_now() - relay.DOUBTED))
    assert unsent(database) == doubted


def test_what_is_under_way_is_not_sent_beside_itself(database: TestDatabase) -> None:
    positions = sent(database, 1, 1, 1)
    database.run(lambda tx: relay.send_again(tx, utc_now() - relay.DOUBTED))
    assert [row.position for row in database.run(lambda tx: relay.oldest_unsent(tx, besides=positions[:2]))] == positions[2:]


def test_what_the_broker_confirmed_is_not_sent_again(database: TestDatabase) -> None:
    first, *others = sent(database, 1, 1, 1)
    database.run(lambda tx: relay.send_again(tx, utc_now() - relay.DOUBTED))
    database.run(lambda tx: relay.mark_sent(tx, [first]))
    assert unsent(database) == others


@pytest.mark.parametrize(("at_first", "batches"), [(1, [1]), (3, [3, 2])], ids=["one", "several"])
def test_after_several_events_the_next_gather_for_a_moment_and_after_one_alone_they_do_not(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, at_first: int, batches: list[int]
) -> None:
    taken: list[list[int]] = []
    meanwhile = [2]

    def publish(_exchange: str, rows: list[Any], _source: str, leave: int) -> list[int]:
        assert leave == 0
        taken.append([row.position for row in rows])
        return taken[-1]

    def breathe(seconds: float) -> None:
        assert seconds == relay.BREATH
        while meanwhile:
            write(database, meanwhile.pop())

    monkeypatch.setattr(relay, "Publisher", lambda *_: SimpleNamespace(under_way=[], refused=False, publish=publish))
    monkeypatch.setattr(relay, "eventlet", SimpleNamespace(sleep=breathe, Timeout=eventlet.Timeout))
    subject = relay.Relay()
    subject.container, subject.base = SimpleNamespace(service_name="accounts"), SimpleNamespace(run=database.run)
    subject.setup()
    write(database, at_first)
    while subject.send_batch():
        pass
    assert [len(each) for each in taken] == batches
    assert unsent(database) == []


def test_marking_costs_the_same_however_many_events_there_have_come_to_be(database: TestDatabase) -> None:
    """PostgreSQL keeps plans: one that was made while the outbox was empty would read the whole of it, until the table is next analyzed."""
    with database.trial() as tx:
        tx.execute(text("TRUNCATE outbox"))
        for _ in range(10):  # enough for a plan to be kept
            relay.mark_sent(tx, [1, 2])
        tx.execute(text(_MANY))
        before = _read_without_an_index(tx)
        relay.mark_sent(tx, [3, 4])
        assert _read_without_an_index(tx) == before


def test_a_batch_costs_the_same_however_many_events_wait_behind_it(database: TestDatabase) -> None:
    """PostgreSQL does not know yet how many wait, and would read and sort them all."""
    with database.trial() as tx:
        tx.execute(text("TRUNCATE outbox"))
        tx.execute(text(_MANY))
        under_way = [row.position for row in relay.oldest_unsent(tx)]
        further = relay.oldest_unsent(tx, under_way)
        assert max(under_way) < min(row.position for row in further)
        assert tx.execute(text("SELECT pg_stat_get_xact_tuples_returned('outbox_unsent'::regclass)")).scalar_one() == 3 * relay.BATCH


_MANY = """
    INSERT INTO outbox (id, type, subject, version, time, context, data)
    SELECT gen_random_uuid(), 'accounts.account_registered.v1', 'subject ' || n, 1, now(), '{}', '{}' FROM generate_series(1, 5000) AS n
"""


def _read_without_an_index(tx: relay.Transaction) -> int:
    tx.flush()
    return int(tx.execute(text("SELECT pg_stat_get_xact_tuples_returned('outbox'::regclass)")).scalar_one())
