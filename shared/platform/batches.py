"""Statements whose results nobody asks for, sent together: a round trip to the database costs more than most of the work done in it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Engine, Executable, event

_WAITING = "tradelane_waiting"


class Batch:
    """What a transaction has yet to do. On SQLite, which has no round trips, nothing ever waits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._together = connection.dialect.name == "postgresql"
        self._waiting: list[str] = []

    def add(self, statement: Executable, parameters: Mapping[str, Any]) -> None:
        if self._together:
            self._waiting.append(self._written(statement, parameters))
        else:
            self._connection.execute(statement, parameters)

    def execute(self, statement: Executable, parameters: Any) -> CursorResult[Any]:
        """Its result, after what waits. Where its parameters stand apart from it, both go in one round trip."""
        if not self._waiting:
            return self._connection.execute(statement, parameters)
        if not isinstance(parameters, Mapping):
            self.flush()
            return self._connection.execute(statement, parameters)
        info = self._connection.info  # while there is one: a connection that breaks tells nothing of itself any more
        info[_WAITING] = self._take()
        try:
            return self._connection.execute(statement, parameters)
        finally:
            info.pop(_WAITING, None)  # whatever went wrong: the connection is somebody else's next

    def flush(self) -> None:
        if self._waiting:
            self._connection.exec_driver_sql(self._take(), execution_options={"no_parameters": True})

    def clear(self) -> None:
        self._waiting = []

    def _take(self) -> str:
        """Each statement sees what was committed before it began, as if it had come alone."""
        waiting, self._waiting = self._waiting, []
        return ";".join(waiting)

    def _written(self, statement: Executable, parameters: Mapping[str, Any]) -> str:
        """With its values in it, quoted by the driver."""
        sql, values, processors = _compiled(statement, tuple(parameters), self._connection.dialect)
        bound = {**values, **parameters}
        for name, process in processors.items():
            bound[name] = process(bound[name])
        cursor: Any = self._connection.connection.cursor()
        with cursor:
            return cursor.mogrify(sql, bound).decode()  # type: ignore[no-any-return]


@lru_cache(maxsize=500)
def _compiled(statement: Any, names: tuple[str, ...], dialect: Dialect) -> tuple[str, dict[str, Any], dict[str, Any]]:
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    processors = {name: bound.type.dialect_impl(dialect).bind_processor(dialect) for name, bound in compiled.binds.items()}
    return str(compiled), compiled.params, {name: process for name, process in processors.items() if process}


def _send_along(connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> tuple[str, Any]:
    """What waits goes before the statement; the driver tells the last one's result."""
    waiting = connection.info.get(_WAITING)
    return (f"{waiting.replace('%', '%%')};{statement}" if waiting else statement), parameters


def enable(engine: Engine) -> None:
    """For the transactions on this engine."""
    event.listen(engine, "before_cursor_execute", _send_along, retval=True)
