"""Databases for tests: one a service, made once per run and emptied before each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, create_engine, text

from shared.contracts.validation import arriving
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.platform.calls import Call, fingerprint
from shared.platform.database import Transaction, address, begin, make_engine, run
from shared.platform.migrate import migrate
from shared.platform.settings import Settings, read


def settings_for(url: str) -> Settings:
    return replace(read(), broker="amqp://not-used", database=url, overrides={})


_made: list[tuple[str, str]] = []


def drop_databases() -> None:
    """At the end of a run."""
    while _made:
        server, name = _made.pop()
        _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@cache
def _migrated(server: str, service: str) -> str:
    """The address of the service's own database in this run, newest schema."""
    name = f"test_{service}_{os.getpid()}"
    _administer(server, f'CREATE DATABASE "{name}"')
    _made.append((server, name))
    url = address(server).set(database=name).render_as_string(hide_password=False)
    migrate([service], settings_for(url))
    return url


def _administer(server: str, statement: str) -> None:
    engine = create_engine(address(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@cache
def _migrated_file(service: str) -> bytes:
    """What is in the service's SQLite file in the beginning, newest schema: migrating takes as long as most tests."""
    with TemporaryDirectory() as folder:
        migrate([service], settings_for(f"sqlite:///{folder}/database"))
        return Path(folder, "database").read_bytes()


class TestDatabase:
    """A service's database. `transaction()` begins one, `run(work)` runs one as the platform does, retries included."""

    __test__ = False

    def __init__(self, engine: Engine, clock: Any = None) -> None:
        self.engine, self.clock, self.service = engine, clock, "test"  # what the store asks of its base

    def transaction(self, later: timedelta = timedelta(0)) -> AbstractContextManager[Transaction]:
        """A transaction whose `now` is `later` than the present."""
        return begin(self.engine, lambda _connection: later)

    @contextmanager
    def trial(self) -> Iterator[Transaction]:
        """A transaction that leaves nothing behind, changes of the schema included."""
        with self.engine.connect() as connection:
            yield Transaction(connection, utc_now())
            connection.rollback()

    def run(self, work: Callable[[Transaction], Any]) -> Any:
        return run(self.engine, work)[0]


@contextmanager
def fresh_database(server: str, service: str) -> Iterator[TestDatabase]:
    """The service's database with all its tables empty."""
    engine = make_engine(service, settings_for(_migrated(server, service)))
    with engine.begin() as connection:
        # As a replica applies changes: the triggers that refuse to forget, and foreign keys, are not asked. Much faster than a new database.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = :service"), {"service": service}).scalars()
        for table in set(tables) - {"schema_version"}:
            connection.execute(text(f'DELETE FROM "{table}"'))
    try:
        yield TestDatabase(engine)
    finally:
        engine.dispose()


@contextmanager
def embedded_database(service: str, folder: Path) -> Iterator[TestDatabase]:
    """The service's database as the embedded default has it, in a file in the folder."""
    file = folder / f"{service}.sqlite3"
    file.write_bytes(_migrated_file(service))
    engine = make_engine(service, settings_for(f"sqlite:///{file}"))
    yield TestDatabase(engine)
    engine.dispose()


def call(operation: Any, actor: Actor | None, data: dict[str, Any], command_id: str | None = None) -> Call:
    """A call as the platform would hand it to a handler: `data` is JSON and is loaded by the operation's schema."""
    return Call(operation, actor, arriving(operation.request).load(data), command_id or new_id(), fingerprint(operation, actor, data))
