"""A service's database: engines, transactions, and the events that a transaction publishes by writing them down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Self

from eventlet import patcher
from psycopg2.errors import UniqueViolation
from psycopg2.extensions import get_wait_callback
from sqlalchemy import URL, Connection, CursorResult, Engine, Executable, Insert, Table, bindparam, create_engine, event, insert, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, TimeoutError as PoolTimeout

from shared.contracts.dumping import dump_strictly
from shared.contracts.events import EVENTS
from shared.kit.clock import utc_now
from shared.kit.errors import Unavailable
from shared.kit.ids import new_id
from shared.platform import context, crashpoints, driver, records, statements
from shared.platform.settings import Settings
from shared.platform.statements import Rows

ClockOffset = Callable[["Transaction"], timedelta]

_RETRIED = {"40001", "40P01"}  # PostgreSQL: serialization failure, deadlock detected
_TRIES = 4

_COUNT = text("INSERT INTO streams (subject, version) VALUES (:subject, 1) ON CONFLICT (subject) DO UPDATE SET version = streams.version + 1")
_TELL_NEXT = insert(records.outbox).values(version=select(records.streams.c.version).where(records.streams.c.subject == bindparam("stream")).scalar_subquery())


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
        limits = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 30}
        engine = create_engine(url, **limits, hide_parameters=True, connect_args={"timeout": 30, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine
    if patcher.is_monkey_patched("socket") and get_wait_callback() is None:
        raise RuntimeError("psycopg2 would block every greenlet of this process: eventlet.monkey_patch() has not made it green")
    timeout = int(settings.statement_timeout * 1000)
    engine = create_engine(
        url,
        pool_size=settings.rpc_workers + settings.event_workers,
        max_overflow=5,
        pool_timeout=10,
        hide_parameters=True,  # an error and a log do not tell what was to be kept
        pool_use_lifo=True,  # those in use are few then, and have their statements prepared
        use_native_hstore=False,
        connect_args={
            "connection_factory": driver.Connection,
            "connect_timeout": 5,
            "application_name": f"tradelane {service}",
            "options": f"-c search_path={service} -c statement_timeout={timeout} -c idle_in_transaction_session_timeout={2 * timeout} -c timezone=UTC",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": timeout,
        },
    )
    event.listen(engine, "connect", driver.prepare)
    return engine


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
        self.ahead: dict[str, Any] = {}  # what was read in one go for several who will each ask for theirs
        self._short = connection.dialect.name == "postgresql"  # the short way to it; SQLite has no round trips

    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any] | Rows:
        """The statement's result. Statements that are made once, their values being parameters, cost a third of those made for each use."""
        if self._short and isinstance(parameters, Mapping):
            return statements.execute(self.connection, statement, parameters)
        return self.connection.execute(statement, parameters)

    def each_alone(self) -> Self:
        """From now on each statement is a transaction by itself, with what waits to go before it: one that reads sees what is committed, as it
        would in a transaction of PostgreSQL's, and one that writes is all or nothing. It is spared the end. Where the connection is cut the whole is run
        again: what it wrote must bear to be written twice."""
        if self._short:
            driver: Any = self.connection.connection.dbapi_connection
            driver.each_alone = True
        return self

    def later(self, statement: Executable, parameters: Mapping[str, Any]) -> None:
        """A statement whose result nobody asks for: it goes to the database with the next one, or those that wait with the commit, in their order."""
        if self._short:
            statements.later(self.connection, statement, parameters)
        else:
            self.connection.execute(statement, parameters)

    def add(self, table: Table, values: Mapping[str, Any]) -> None:
        """Insert a row, later."""
        self.later(_insert_into(table), values)

    def flush(self) -> None:
        """Have done now what was to be done later."""
        if self._short:
            statements.flush(self.connection)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """A part that may fail by itself: then nothing of it is left, and the rest goes on."""
        with self.connection.begin_nested():
            try:
                yield
                self.flush()
            except BaseException:
                if self._short:
                    statements.forget(self.connection)
                raise

    def insert_once(self, table: Table, values: Mapping[str, Any]) -> bool:
        """Insert unless a unique constraint has it already; whether it was inserted."""
        return self.execute(_insert_once_into(table, self.connection.dialect.name), values).rowcount > 0

    def add_once(self, table: Table, values: Mapping[str, Any]) -> None:
        """As `insert_once`, where nobody asks whether it was there: later."""
        self.later(_insert_once_into(table, self.connection.dialect.name), values)

    def upsert(self, table: Any) -> Any:
        """An INSERT that knows `on_conflict_do_update` in the database's own dialect."""
        return _INSERT[self.connection.dialect.name](table)

    def emit(self, type: str, subject: str, data: Mapping[str, Any], version: int | None = None) -> str:
        """Publish an event of `shared.contracts.events` about the aggregate `subject`; its id.

        `data` holds Python values and is dumped by the contract; a ValueError where it does not fit it. An aggregate whose own `version`
        counts its events, and is changed by one transaction at a time, gives that. For the others it is counted here, which also makes
        transactions on one aggregate take turns: its events leave in order.
        """
        try:
            body = dump_strictly(EVENTS[type].data, data)
        except ValueError as error:
            raise ValueError(f"{type} does not fit its contract: {error}") from error
        row = {"id": new_id(), "type": type, "subject": subject, "time": self.now, "context": context.current().as_data(), "data": body}
        if version is None:
            self.later(_COUNT, {"subject": subject})
            self.later(_TELL_NEXT, row | {"stream": subject})
        else:
            self.add(records.outbox, row | {"version": version})
        self.emitted += 1
        return str(row["id"])


_INSERT: Mapping[str, Callable[[Any], Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@cache
def _insert_into(table: Table) -> Insert:
    return insert(table)


@cache
def _insert_once_into(table: Table, dialect: str) -> Insert:
    return _INSERT[dialect](table).on_conflict_do_nothing()  # type: ignore[no-any-return]


@contextmanager
def begin(engine: Engine, clock: ClockOffset | None = None) -> Iterator[Transaction]:
    """A transaction that commits at the end of the block and rolls back on any error.

    A database that cannot be reached is `Unavailable`; its address and its driver's words never leave this place.
    """
    committing = False
    try:
        with engine.begin() as connection:
            tx = Transaction(connection, utc_now())
            tx.now += clock(tx) if clock else timedelta(0)
            yield tx
            committing = True
    except IntegrityError as error:
        if _lost_race(error):
            raise DatabaseUnavailable(again=True) from error
        raise
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        # A connection that was cut while it lay in the pool shows only when it is used. A cut commit may have been done, though.
        cut = isinstance(error, DBAPIError) and error.connection_invalidated and not committing
        raise DatabaseUnavailable(again=cut or _code(error) in _RETRIED) from error


class DatabaseUnavailable(Unavailable):
    """`again` where the transaction left nothing and may well succeed when it is run once more (a deadlock, a connection that was cut)."""

    def __init__(self, again: bool) -> None:
        super().__init__("database_unavailable", "The service's database cannot be reached; try again shortly.")
        self.again = again


def _code(error: Exception) -> str | None:
    return getattr(error.orig, "pgcode", None) if isinstance(error, DBAPIError) else None


def _lost_race(error: IntegrityError) -> bool:
    """Whether another worker did the same command between our look for its answer and our lock. Run again, this one finds it."""
    return isinstance(error.orig, UniqueViolation) and error.orig.diag.constraint_name == "commands_pkey"


def run(engine: Engine, work: Callable[[Transaction], Any], clock: ClockOffset | None = None) -> tuple[Any, int]:
    """`work` in one transaction, run again where it left nothing through no fault of its own; its result and how many events it emitted."""
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
