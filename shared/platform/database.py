"""A service's database: engines, transactions, and the events that a transaction publishes by writing them down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from eventlet import patcher
from psycopg2.extensions import get_wait_callback
from sqlalchemy import URL, Connection, CursorResult, Engine, Executable, create_engine, event, insert, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError as PoolTimeout

from shared.contracts.events import EVENTS
from shared.contracts.validation import instance
from shared.kit.clock import utc_now
from shared.kit.errors import Unavailable
from shared.kit.ids import new_id
from shared.platform import context, crashpoints, records
from shared.platform.settings import Settings

ClockOffset = Callable[[Connection], timedelta]

_RETRIED = {"40001", "40P01"}  # PostgreSQL: serialization failure, deadlock detected
_TRIES = 4


def address(text: str) -> URL:
    """A database's address with its driver: psycopg2, which eventlet makes green; psycopg 3 would block every greenlet of the process."""
    url = make_url(text)
    return url.set(drivername="postgresql+psycopg2") if url.get_backend_name() == "postgresql" else url


def make_engine(service: str, settings: Settings) -> Engine:
    """The service's engine, connecting to nothing yet: SQLite's one file with one connection, or PostgreSQL with a bounded pool."""
    url = address(settings.database_of(service))
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        # One connection: a second one that waited for SQLite's write lock would block the whole process, its holder included.
        engine = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=30, connect_args={"timeout": 30, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine
    if patcher.is_monkey_patched("socket") and get_wait_callback() is None:
        raise RuntimeError("psycopg2 would block every greenlet of this process: eventlet.monkey_patch() has not made it green")
    timeout = int(settings.statement_timeout * 1000)
    return create_engine(
        url,
        pool_size=settings.rpc_workers + settings.event_workers,
        max_overflow=5,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 5,
            "application_name": f"tradelane {service}",
            "options": f"-c search_path={service} -c statement_timeout={timeout} -c idle_in_transaction_session_timeout={2 * timeout} -c timezone=UTC",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": timeout,
        },
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by us, and at once for writing
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


class Transaction:
    """One unit of work on a service's database. What it `emit`s is published if, and only if, it commits."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.emitted = 0

    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return self.connection.execute(statement, parameters)

    def insert_once(self, table: Any, values: Mapping[str, Any]) -> bool:
        """Insert unless a unique constraint has it already; whether it was inserted."""
        return self.execute(self.upsert(table).values(values).on_conflict_do_nothing()).rowcount > 0

    def upsert(self, table: Any) -> Any:
        """An INSERT that knows `on_conflict_do_update` in the database's own dialect."""
        return (postgresql if self.connection.dialect.name == "postgresql" else sqlite).insert(table)

    def emit(self, type: str, subject: str, data: Mapping[str, Any]) -> None:
        """Publish an event of `shared.contracts.events` about the aggregate `subject`.

        `data` holds Python values and is dumped by the contract; a ValueError where it does not fit it. The subject's version is
        counted here, which also makes transactions on one aggregate take turns: its events leave in order.
        """
        schema = instance(EVENTS[type].data)
        body = schema.dump(data)
        if errors := schema.validate(body):
            raise ValueError(f"{type} does not fit its contract: {errors}")
        streams = records.streams
        count = self.upsert(streams).values(subject=subject, version=1)
        count = count.on_conflict_do_update(index_elements=[streams.c.subject], set_={"version": streams.c.version + 1})
        version = self.execute(count.returning(streams.c.version)).scalar_one()
        here = context.current()
        self.execute(insert(records.outbox).values(id=new_id(), type=type, subject=subject, version=version, time=self.now, context=here.as_data(), data=body))
        self.emitted += 1


@contextmanager
def begin(engine: Engine, clock: ClockOffset | None = None) -> Iterator[Transaction]:
    """A transaction that commits at the end of the block and rolls back on any error.

    A database that cannot be reached is `Unavailable`; its address and its driver's words never leave this place.
    """
    try:
        with engine.begin() as connection:
            yield Transaction(connection, utc_now() + (clock(connection) if clock else timedelta(0)))
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise DatabaseUnavailable(_code(error) in _RETRIED) from error


class DatabaseUnavailable(Unavailable):
    """`again` where the database itself asks for the transaction to be run once more (a deadlock)."""

    def __init__(self, again: bool) -> None:
        super().__init__("database_unavailable", "The service's database cannot be reached; try again shortly.")
        self.again = again


def _code(error: Exception) -> str | None:
    return getattr(error.orig, "pgcode", None) if isinstance(error, DBAPIError) else None


def run(engine: Engine, work: Callable[[Transaction], Any], clock: ClockOffset | None = None) -> tuple[Any, int]:
    """`work` in one transaction, run again where the database broke a deadlock; its result and how many events it emitted."""
    for remaining in range(_TRIES - 1, -1, -1):
        try:
            with begin(engine, clock) as tx:
                result = work(tx)
                crashpoints.reach("before_commit", meant=tx.emitted)
            crashpoints.reach("after_commit", meant=tx.emitted)
            return result, tx.emitted
        except DatabaseUnavailable as error:
            if not (error.again and remaining):
                raise
    raise AssertionError("the loop above returns or raises")
