"""What the relay takes for sent, and what it sends once more."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text, update

from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.platform import relay
from shared.platform.records import outbox
from tests.builders.database import TestDatabase


def sent(database: TestDatabase, *seconds_ago: float) -> list[int]:
    """Events that the broker confirmed so long ago; their positions."""

    def work(tx: relay.Transaction) -> None:
        tx.emit("accounts.account_registered.v1", new_id(), {"account_id": new_id(), "name": "A", "roles": ["buyer"], "country": "DE"})

    for _ in seconds_ago:
        database.run(work)
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
