"""Databases for tests: a fresh, migrated one per test, copied from a template made once per run."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Engine, create_engine, text

from shared.kit.actor import Actor
from shared.kit.ids import new_id
from shared.platform.calls import Call, fingerprint
from shared.platform.database import Transaction, address, begin, make_engine, run
from shared.platform.migrate import migrate
from shared.platform.settings import Settings, read

_numbers = itertools.count()


def settings_for(url: str) -> Settings:
    return replace(read(), broker="amqp://not-used", database=url, overrides={})


@cache
def _template(server: str, service: str) -> str:
    name = f"template_{service}_{os.getpid()}"
    _administer(server, f'CREATE DATABASE "{name}"')
    migrate([service], settings_for(_address(server, name)))
    return name


def _administer(server: str, statement: str) -> None:
    engine = create_engine(address(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _address(server: str, database: str) -> str:
    return address(server).set(database=database).render_as_string(hide_password=False)


class TestDatabase:
    """A service's database. `transaction()` begins one, `run(work)` runs one as the platform does, retries included."""

    __test__ = False

    def __init__(self, engine: Engine, clock: Any = None) -> None:
        self.engine, self.clock = engine, clock

    def transaction(self, later: timedelta = timedelta(0)) -> AbstractContextManager[Transaction]:
        """A transaction whose `now` is `later` than the present."""
        return begin(self.engine, lambda _connection: later)

    def run(self, work: Callable[[Transaction], Any]) -> Any:
        return run(self.engine, work)[0]


@contextmanager
def fresh_database(server: str, service: str) -> Iterator[TestDatabase]:
    name = f"test_{service}_{os.getpid()}_{next(_numbers)}"
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{_template(server, service)}"')
    engine = make_engine(service, settings_for(_address(server, name)))
    try:
        yield TestDatabase(engine)
    finally:
        engine.dispose()
        _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def call(operation: Any, actor: Actor | None, data: dict[str, Any], command_id: str | None = None) -> Call:
    """A call as the platform would hand it to a handler: `data` is JSON and is loaded by the operation's schema."""
    return Call(operation, actor, operation.request().load(data), command_id or new_id(), fingerprint(operation, actor, data))
