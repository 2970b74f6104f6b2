"""Statements that are made once, their values being parameters, on PostgreSQL: compiled once, too, and run on the driver's own cursor.

SQLAlchemy does the same work for each use, for most of the time that a statement takes here. Connections, pool and errors stay its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NoReturn

from sqlalchemy import Connection, CursorResult, Dialect, Executable
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.selectable import ReturnsRows

Process = Callable[[Any], Any]


class Rows(IteratorResult[Any]):
    """A result that is read to its end already."""

    rowcount: int


class Statement:
    """A statement as the driver takes it, and what its parameters and the columns of its result go through on their way."""

    def __init__(self, statement: Any, names: tuple[str, ...], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        types = {name: bound.type.dialect_impl(dialect) for name, bound in compiled.binds.items()}
        self.sql, self._values = str(compiled), compiled.params
        self.simple = "__[POSTCOMPILE" not in self.sql  # a list that is written out for each use is SQLAlchemy's to write
        self._bind = [(name, process) for name, kind in types.items() if (process := kind.bind_processor(dialect))]
        columns = statement.exported_columns if isinstance(statement, ReturnsRows) else ()
        kinds = [column.type.dialect_impl(dialect) for column in columns]
        self._read = [(place, process) for place, kind in enumerate(kinds) if (process := kind.result_processor(dialect, None))]
        self._shape: SimpleResultMetaData | None = None

    def bound(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        bound = {**self._values, **parameters}
        for name, process in self._bind:
            bound[name] = process(bound[name])
        return bound

    def rows(self, cursor: Any) -> Rows:
        found = cursor.fetchall() if cursor.description else []
        if self._shape is None:
            self._shape = SimpleResultMetaData([column.name for column in cursor.description or ()])
        rows = Rows(self._shape, map(self._as_read, found) if self._read else iter(found))
        rows.rowcount = cursor.rowcount
        return rows

    def _as_read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, process in self._read:
            values[place] = process(values[place])
        return tuple(values)


_prepared = lru_cache(maxsize=500)(Statement)


def execute(connection: Connection, statement: Executable, parameters: Mapping[str, Any]) -> CursorResult[Any] | Rows:
    """The result."""
    known = _prepared(statement, tuple(parameters), connection.dialect)
    if not known.simple:
        return connection.execute(statement, parameters)
    bound, cursor = known.bound(parameters), connection.connection.cursor()
    try:
        cursor.execute(known.sql, bound)
        return known.rows(cursor)
    except BaseException as error:
        _fail(connection, error, known.sql, bound, cursor)
    finally:
        cursor.close()


def later(connection: Connection, statement: Executable, parameters: Mapping[str, Any]) -> None:
    """With its values in it, quoted by the driver."""
    known = _prepared(statement, tuple(parameters), connection.dialect)
    driver: Any = connection.connection.dbapi_connection
    with driver.cursor() as cursor:
        driver.wait(cursor.mogrify(known.sql, known.bound(parameters)))


def forget(connection: Connection) -> None:
    """What was to be done later is not to be done."""
    if not connection.invalidated:
        driver: Any = connection.connection.dbapi_connection
        driver.forget()


def flush(connection: Connection) -> None:
    """Have done now what was to be done later."""
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.flush()
    except BaseException as error:
        _fail(connection, error)


def _fail(connection: Connection, error: BaseException, sql: str | None = None, bound: Any = None, cursor: Any = None) -> NoReturn:
    """As SQLAlchemy does, which alone knows what a broken connection means for those in the pool."""
    connection._handle_dbapi_exception(error, sql, bound, cursor, None)  # noqa: SLF001  (it says so nowhere else)
