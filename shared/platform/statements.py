"""Statements that are made once, their values being parameters, on PostgreSQL: compiled once, too, run on the driver's own cursor, and prepared on the server.

SQLAlchemy and PostgreSQL do the same work for each use otherwise, for most of the time that a statement takes. Connections, pool and errors stay SQLAlchemy's.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NoReturn, TypeVar

from psycopg2.extensions import AsIs
from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.selectable import ReturnsRows

Process = Callable[[Any], Any]
Wanted = TypeVar("Wanted", bound=Executable)

_LIST = re.compile(r"(NOT )?IN \(__\[POSTCOMPILE_(\w+)\]\)")  # what SQLAlchemy would write out for each use, value by value
_numbers = itertools.count(1)


class Rows(IteratorResult[Any]):
    """A result that is read to its end already."""

    rowcount: int


class Statement:
    """A statement as the driver takes it, and what its parameters and the columns of its result go through on their way."""

    def __init__(self, statement: Any, names: tuple[str, ...], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        lists = {found[2] for found in _LIST.finditer(str(compiled))}
        types = {name: bound.type.dialect_impl(dialect) for name, bound in compiled.binds.items()}
        self.sql = _LIST.sub(lambda found: f"{'<> ALL' if found[1] else '= ANY'} (%({found[2]})s)", str(compiled))
        self._bind = [(name, process) for name, kind in types.items() if name not in lists and (process := kind.bind_processor(dialect))]
        self._bind += [(name, _array) for name in lists]
        self._constants = {name: value for name, value in compiled.params.items() if name not in names}
        self._given = [name for name in compiled.params if name in names]
        columns = statement.exported_columns if isinstance(statement, ReturnsRows) else ()
        kinds = [column.type.dialect_impl(dialect) for column in columns]
        self._read = [(place, process) for place, kind in enumerate(kinds) if (process := kind.result_processor(dialect, None))]
        self._shape: SimpleResultMetaData | None = None
        self._name, self._used, self._definition = f"s{next(_numbers)}", False, b""
        self._planned_each_time = statement.get_execution_options().get("planned_each_time", False)

    def written(self, cursor: Any, parameters: Mapping[str, Any]) -> bytes:
        """With its values in it, quoted by the driver. From its second use on it is prepared: one made for a single use is not worth that."""
        bound = {**self._constants, **parameters}
        for name, process in self._bind:
            bound[name] = process(bound[name])
        if self._planned_each_time or not self._used:
            self._used = True
            return cursor.mogrify(self.sql, bound)  # type: ignore[no-any-return]
        if not self._definition:
            places = {name: AsIs(f"${number}") for number, name in enumerate(self._given, 1)}
            self._definition = f"PREPARE {self._name} AS ".encode() + cursor.mogrify(self.sql, {**bound, **places})
            self._call = f"EXECUTE {self._name}" + (f"({', '.join(f'%({name})s' for name in self._given)})" if self._given else "")
        cursor.connection.prepare(self._name, self._definition)
        return cursor.mogrify(self._call, bound)  # type: ignore[no-any-return]

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


def _array(values: Iterable[Any]) -> str:
    """A list as PostgreSQL reads an array of any type."""
    return "{" + ",".join('"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values) + "}"


def planned_each_time(statement: Wanted) -> Wanted:
    """The statement, not prepared: PostgreSQL keeps the plan of one that is. Made while its tables are empty, that reads them whole, where a list is looked up, until they are next analyzed."""
    return statement.execution_options(planned_each_time=True)


_known = lru_cache(maxsize=500)(Statement)


def execute(connection: Connection, statement: Executable, parameters: Mapping[str, Any]) -> Rows:
    """The result."""
    known = _known(statement, tuple(parameters), connection.dialect)
    cursor: Any = connection.connection.cursor()
    try:
        cursor.execute(known.written(cursor, parameters))
        return known.rows(cursor)
    except BaseException as error:
        _fail(connection, error, known.sql, parameters, cursor)
    finally:
        cursor.close()


def later(connection: Connection, statement: Executable, parameters: Mapping[str, Any]) -> None:
    """With its values in it."""
    known = _known(statement, tuple(parameters), connection.dialect)
    driver: Any = connection.connection.dbapi_connection
    driver.wait(known.written(driver.pen, parameters))


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
