"""What is to be done later is done in order, before what comes after it and with the commit at the latest; a cut connection is not its caller's trouble."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC
from typing import Any

import pytest
from psycopg2 import extensions, extras
from psycopg2.errors import UniqueViolation
from sqlalchemy import bindparam, create_engine, delete, func, insert, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

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
def round_trips(database: TestDatabase) -> Iterator[list[None]]:
    """One entry each."""
    waited: list[None] = []

    def wait(connection: Any) -> None:
        waited.append(None)
        extras.wait_select(connection)

    names(database)  # it is connected by now
    extensions.set_wait_callback(wait)
    yield waited
    extensions.set_wait_callback(None)


def names(database: TestDatabase) -> list[str]:
    with database.transaction() as tx:
        return list(tx.execute(NAMES).scalars())


def test_what_waits_goes_with_the_next_statement_that_takes_parameters(database: TestDatabase, round_trips: list[None]) -> None:
    with database.transaction() as tx:
        tx.later(NEW, lease("a"))
        tx.later(NEW, lease("b"))
        assert round_trips == []
        assert tx.execute(NAMED, {"key": "b"}).scalar_one() == lease("b")["holder"], "values are quoted, and the answer is the last statement's"
        assert len(round_trips) == 1
    assert len(round_trips) == 2


def test_a_transaction_that_asks_nothing_costs_nothing(database: TestDatabase, round_trips: list[None]) -> None:
    with database.transaction():
        pass
    assert round_trips == []


def test_what_is_only_read_costs_a_round_trip_a_statement_and_changes_nothing_for_those_after_it(database: TestDatabase, round_trips: list[None]) -> None:
    with database.transaction() as tx:
        for _ in range(3):
            assert tx.each_alone().execute(NAMED, {"key": "a"}).all() == []
    assert len(round_trips) == 3
    with pytest.raises(ProgrammingError), database.transaction() as tx:
        tx.each_alone().execute(text("SELECT nothing"))

    def add_in_vain() -> None:
        with database.transaction() as tx:
            tx.later(NEW, lease("a"))
            tx.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        add_in_vain()
    assert names(database) == []


def test_what_is_written_alone_with_a_question_after_it_costs_one_round_trip_and_is_all_or_nothing(database: TestDatabase, round_trips: list[None]) -> None:
    with database.transaction() as tx:
        tx.later(NEW, lease("a"))
        assert tx.each_alone().execute(NAMED, {"key": "a"}).scalar_one() == lease("a")["holder"]
    assert len(round_trips) == 1

    def write_and_fail() -> None:
        with database.transaction() as tx:
            tx.later(NEW, lease("b"))
            tx.each_alone().execute(text("SELECT nothing"))

    with pytest.raises(ProgrammingError):
        write_and_fail()
    assert names(database) == ["a"]


def test_a_statement_without_parameters_comes_after_what_waits(database: TestDatabase) -> None:
    with database.transaction() as tx:
        tx.later(NEW, lease("a"))
        assert list(tx.execute(NAMES).scalars()) == ["a"]
        tx.later(NEW, lease("b"))
        assert tx.execute(text("SELECT count(*) FROM leases")).scalar_one() == 2


def test_the_rest_is_done_with_the_commit_in_one_round_trip(database: TestDatabase, round_trips: list[None]) -> None:
    with database.transaction() as tx:
        for name in "abc":
            tx.later(NEW, lease(name))
    assert len(round_trips) == 1, "begin and commit go along, too"
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


def test_what_is_refused_with_the_commit_undoes_all_and_the_connection_is_as_good_as_new(database: TestDatabase) -> None:
    def clash() -> None:
        with database.transaction() as tx:
            tx.execute(NAMED, {"key": "a"})
            tx.later(NEW, lease("a"))
            tx.later(NEW, lease("a"))

    for _ in range(2):
        with pytest.raises(IntegrityError):
            clash()
        assert names(database) == []


def test_a_statement_that_cannot_be_written_does_not_take_along_what_waits(database: TestDatabase) -> None:
    with database.transaction() as tx:
        tx.later(NEW, lease("a"))
        with pytest.raises(ProgrammingError, match="can't adapt"):
            tx.execute(text("SELECT :value"), {"value": object()})
    assert names(database) == ["a"]


def test_many_at_once_belong_to_the_transaction_as_well(database: TestDatabase) -> None:
    def fail() -> None:
        with database.transaction() as tx:
            tx.execute(NEW, [lease("a"), lease("b")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(database) == []


def test_a_result_is_the_one_that_sqlalchemy_gives(database: TestDatabase) -> None:
    whole, of_one = select(leases), select(leases).where(leases.c.name == bindparam("key"))
    with database.transaction() as tx:
        tx.add(leases, lease("a"))
        row, same = tx.execute(of_one, {"key": "a"}).one(), tx.execute(whole).one()
        assert row == same
        assert (row._mapping, row._asdict()) == (same._mapping, same._asdict())
        assert (row.holder, row.expires_at.tzinfo) == (lease("a")["holder"], UTC)
        assert tx.execute(of_one, {"key": "b"}).one_or_none() is None
        assert tx.execute(delete(leases).where(leases.c.name == bindparam("key")), {"key": "a"}).rowcount == 1


def test_an_error_comes_as_sqlalchemys_own_with_its_statement(database: TestDatabase) -> None:
    with database.transaction() as tx:
        tx.execute(NEW, lease("a"))
    with pytest.raises(IntegrityError, match="INSERT INTO leases") as refused, database.transaction() as tx:
        tx.execute(NEW, lease("a"))
    assert isinstance(refused.value.orig, UniqueViolation)


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


def test_from_its_second_use_on_a_statement_is_prepared_once_a_connection(database: TestDatabase) -> None:
    statement = select(leases.c.holder).where(leases.c.name == bindparam("key"), leases.c.holder != "10 % of it")
    prepared = []
    with database.transaction() as tx:
        for name in "abcd":
            tx.later(NEW, lease(name))
            assert tx.execute(statement, {"key": name}).scalar_one() == lease(name)["holder"]
            prepared.append(tx.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one())
    assert prepared[0] < prepared[1] == prepared[2] == prepared[3]


def test_a_list_is_one_parameter(database: TestDatabase) -> None:
    some = select(leases.c.name).where(leases.c.name.in_(bindparam("keys", expanding=True))).order_by(leases.c.name)
    others = select(leases.c.name).where(leases.c.name.not_in(bindparam("keys", expanding=True))).order_by(leases.c.name)
    names = ["a,b", 'c"d', "e\\f", "{g}", "null", ""]
    with database.transaction() as tx:
        for name in (*names, "h"):
            tx.later(NEW, lease(name))
        for _ in range(3):
            assert tx.execute(some, {"keys": names}).scalars().all() == sorted(names)
            assert tx.execute(others, {"keys": names}).scalars().all() == ["h"]
            assert (tx.execute(some, {"keys": []}).all(), len(tx.execute(others, {"keys": []}).all())) == ([], 7)


def test_what_fails_while_it_is_prepared_leaves_a_connection_that_works(database: TestDatabase) -> None:
    """The server may have prepared it or not: it is asked to forget all, and told again."""

    def add_and_ask(statement: Any, *names: str) -> None:
        with database.transaction() as tx:
            for name in names:
                tx.later(NEW, lease(name))
            tx.execute(statement, {"key": names[0]})

    wrong, right = text("SELECT nothing FROM leases WHERE name = :key"), select(leases.c.name).where(leases.c.name == bindparam("key"))
    for _ in range(3):
        with pytest.raises(ProgrammingError):
            add_and_ask(wrong, "a")
    for _ in range(3):  # the second one fails with the statement that comes to be prepared
        with pytest.raises(IntegrityError):
            add_and_ask(right, "b", "b")
    with database.transaction() as tx:
        tx.later(NEW, lease("c"))
        with suppress(IntegrityError), tx.nested():
            tx.later(NEW, lease("c"))
            tx.execute(_BY_HOLDER, {"key": ""})
        for _ in range(3):
            assert tx.execute(right, {"key": "c"}).scalar_one() == "c"
            assert tx.execute(_BY_HOLDER, {"key": lease("c")["holder"]}).scalar_one() == "c"


_BY_HOLDER = select(leases.c.name).where(leases.c.holder == bindparam("key"))
