"""What is to be done later is done in order, before what comes after it and with the commit at the latest; a cut connection is not its caller's trouble."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import bindparam, create_engine, event, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from shared.kit.clock import utc_now
from shared.kit.errors import Unavailable
from shared.platform.database import Transaction
from shared.platform.records import leases
from tests.builders.database import TestDatabase

NEW = insert(leases)
NAMES = select(leases.c.name).order_by(leases.c.name)
NAMED = select(leases.c.holder).where(leases.c.name == bindparam("key"))


def lease(name: str, holder: str = "100 % 'quoted' %s %(key)s; \\") -> dict[str, Any]:
    return {"name": name, "holder": holder, "acquired_at": utc_now(), "expires_at": utc_now()}


@pytest.fixture
def round_trips(database: TestDatabase) -> list[str]:
    sent: list[str] = []
    event.listen(database.engine, "after_cursor_execute", lambda _connection, _cursor, statement, *_: sent.append(statement))
    return sent


def names(database: TestDatabase) -> list[str]:
    with database.transaction() as tx:
        return list(tx.execute(NAMES).scalars())


def test_what_waits_goes_with_the_next_statement_that_takes_parameters(database: TestDatabase, round_trips: list[str]) -> None:
    with database.transaction() as tx:
        tx.later(NEW, lease("a"))
        tx.later(NEW, lease("b"))
        assert round_trips == []
        assert tx.execute(NAMED, {"key": "b"}).scalar_one() == lease("b")["holder"], "values are quoted, and the answer is the last statement's"
        assert len(round_trips) == 1


def test_a_statement_without_parameters_comes_after_what_waits(database: TestDatabase) -> None:
    with database.transaction() as tx:
        tx.later(NEW, lease("a"))
        assert list(tx.execute(NAMES).scalars()) == ["a"]
        tx.later(NEW, lease("b"))
        assert tx.execute(text("SELECT count(*) FROM leases")).scalar_one() == 2


def test_the_rest_is_done_with_the_commit_in_one_round_trip(database: TestDatabase, round_trips: list[str]) -> None:
    with database.transaction() as tx:
        for name in "abc":
            tx.later(NEW, lease(name))
    assert len(round_trips) == 1
    assert names(database) == ["a", "b", "c"]


def test_nothing_of_it_is_left_where_the_transaction_fails(database: TestDatabase) -> None:
    def fail() -> None:
        with database.transaction() as tx:
            tx.later(NEW, lease("a"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(database) == []


def test_what_is_refused_later_undoes_all_and_does_not_go_along_with_the_next_transaction(database: TestDatabase) -> None:
    def clash() -> None:
        with database.transaction() as tx:
            tx.later(NEW, lease("a"))
            tx.later(NEW, lease("a"))
            tx.execute(NAMED, {"key": "a"})

    with pytest.raises(IntegrityError):
        clash()
    assert names(database) == []


def test_a_part_that_fails_takes_only_its_own_along(database: TestDatabase) -> None:
    def fail(tx: Transaction) -> None:
        with tx.nested():
            tx.later(NEW, lease("b"))
            raise RuntimeError

    with database.transaction() as tx:
        tx.later(NEW, lease("a"))
        with pytest.raises(RuntimeError):
            fail(tx)
        tx.later(NEW, lease("c"))
        with tx.nested():
            tx.later(NEW, lease("d"))
    assert names(database) == ["a", "c", "d"]


def test_connections_that_were_cut_in_the_pool_are_replaced_and_nobody_hears_of_it(database: TestDatabase) -> None:
    def backend(tx: Transaction) -> int:
        return int(tx.execute(text("SELECT pg_backend_pid()")).scalar_one())

    before = database.run(backend)
    elsewhere = create_engine(database.engine.url)
    with elsewhere.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": before})
    elsewhere.dispose()
    assert database.run(backend) != before


def test_a_connection_that_breaks_under_what_waits_is_the_database_being_away(database: TestDatabase) -> None:
    end = select(func.pg_terminate_backend(func.pg_backend_pid()), bindparam("key"))

    def work(tx: Transaction) -> None:
        tx.later(NEW, lease("a"))
        tx.execute(end, {"key": "b"})

    with pytest.raises(Unavailable):
        database.run(work)
    assert names(database) == []
