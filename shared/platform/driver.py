"""psycopg2 with fewer round trips: a transaction begins with its first statement, and what nobody waits for goes with the next one or the commit."""

from __future__ import annotations

from typing import Any

from psycopg2 import extensions

STALE = frozenset({"0A000", "26000"})
"""PostgreSQL's codes for a prepared statement whose plan does not hold any more, such as after a migration, or that is gone."""

_AS_TEXT = extensions.new_type((2950,), "UUID", lambda value, _cursor: value)


class Connection(extensions.connection):
    """The driver's own transactions are off: it sends BEGIN and COMMIT alone, each for a round trip. What differs shows in nothing else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.autocommit = True
        self.cursor_factory = Cursor
        self.each_alone = False  # until the end of the transaction: what is sent together is one
        self.pen = self.cursor()  # writes values into statements, and sends none
        self._waiting: list[bytes] = []
        self._prepared: set[str] = set()
        self._to_prepare: list[bytes] = []
        self._in_doubt = False  # whether the server has what was to be prepared

    def prepare(self, name: str, definition: bytes) -> None:
        """Have the server know the statement from the next one on that is sent; nothing where it does."""
        if name not in self._prepared:
            self._prepared.add(name)
            self._to_prepare.append(definition)

    def wait(self, statement: bytes) -> None:
        """Have the statement sent later. Each sees what was committed before it began, as if it had come alone."""
        self._waiting.append(statement)

    def forget(self) -> None:
        """What waits is not to be done."""
        self._waiting = []

    def flush(self) -> None:
        if self._waiting:
            self._send()

    def commit(self) -> None:
        self.each_alone = False
        if self._waiting or not self._idle:
            self._send(b"COMMIT")

    def rollback(self) -> None:
        self.forget()
        self.each_alone = False
        if not self._idle:
            self._send(b"ROLLBACK")

    def send(self, cursor: extensions.cursor, *last: bytes) -> None:
        """In one round trip, with what waits before it. By its end, well or not, that is sent."""
        status, first = self.get_transaction_status(), list[bytes]()
        if status != extensions.TRANSACTION_STATUS_INERROR:
            first, self._to_prepare = self._to_prepare, []
            if self._in_doubt:
                first, self._in_doubt = [b"DEALLOCATE ALL", *first], False
        waiting, self._waiting = self._waiting, []
        begin = [b"BEGIN"] if status == extensions.TRANSACTION_STATUS_IDLE and not self.each_alone else []
        try:
            extensions.cursor.execute(cursor, b";".join((*first, *begin, *waiting, *last)))
        except BaseException as error:
            if first or getattr(error, "pgcode", None) in STALE:
                self._prepared.clear()
                self._in_doubt = True
            raise

    @property
    def _idle(self) -> bool:
        """As the server said last; a connection that is closed is not."""
        return self.get_transaction_status() == extensions.TRANSACTION_STATUS_IDLE

    def _send(self, *last: bytes) -> None:
        with self.cursor(cursor_factory=extensions.cursor) as cursor:
            self.send(cursor, *last)


class Cursor(extensions.cursor):
    """Of a statement that is sent with others, the driver tells the last one's result."""

    connection: Connection

    def execute(self, query: Any, values: Any = None) -> None:
        # Written first: where that fails, what waits goes on waiting.
        self.connection.send(self, query if isinstance(query, bytes) else self.mogrify(query, values))

    def executemany(self, query: Any, several: Any) -> None:
        for values in several:
            self.execute(query, values)


def prepare(connection: Any, _record: Any) -> None:
    """UUIDs are `str` with us: the driver need not make objects of them first."""
    extensions.register_type(_AS_TEXT, connection)
