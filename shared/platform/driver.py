"""psycopg2 with fewer round trips: a transaction begins with its first statement, and what nobody waits for goes with the next one or the commit."""

from __future__ import annotations

from typing import Any

from psycopg2 import extensions

_AS_TEXT = extensions.new_type((2950,), "UUID", lambda value, _cursor: value)


class Connection(extensions.connection):
    """The driver's own transactions are off: it sends BEGIN and COMMIT alone, each for a round trip. What differs shows in nothing else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.autocommit = True
        self.cursor_factory = Cursor
        self._waiting: list[bytes] = []

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
        if self._waiting or not self._idle:
            self._send(b"COMMIT")

    def rollback(self) -> None:
        self.forget()
        if not self._idle:
            self._send(b"ROLLBACK")

    def before(self) -> list[bytes]:
        """What is to be sent before the next statement: by then it is."""
        waiting, self._waiting = self._waiting, []
        return [b"BEGIN", *waiting] if self._idle else waiting

    @property
    def _idle(self) -> bool:
        """As the server said last; a connection that is closed is not."""
        return self.get_transaction_status() == extensions.TRANSACTION_STATUS_IDLE

    def _send(self, *last: bytes) -> None:
        with self.cursor(cursor_factory=extensions.cursor) as cursor:
            cursor.execute(b";".join((*self.before(), *last)))


class Cursor(extensions.cursor):
    """Of a statement that is sent with others, the driver tells the last one's result."""

    connection: Connection

    def execute(self, query: Any, values: Any = None) -> None:
        written = self.mogrify(query, values)  # first: where that fails, what waits goes on waiting
        super().execute(b";".join((*self.connection.before(), written)))

    def executemany(self, query: Any, several: Any) -> None:
        for values in several:
            self.execute(query, values)


def prepare(connection: Any, _record: Any) -> None:
    """UUIDs are `str` with us: the driver need not make objects of them first."""
    extensions.register_type(_AS_TEXT, connection)
