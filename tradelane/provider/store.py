"""The sandbox's memory: one SQLite file that is safe on disk before anything is answered. One transaction a time, whatever the number of threads."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from shared.kit.errors import Conflict

LOCK_ATTEMPTS = 50

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, label TEXT NOT NULL, last4 TEXT NOT NULL, expires TEXT, behaviour TEXT NOT NULL
) STRICT;
-- A token that was exchanged for a method; the number behind it was never kept.
CREATE TABLE IF NOT EXISTS methods (id TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE REFERENCES tokens (id)) STRICT;
CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY, method TEXT NOT NULL REFERENCES methods (id), description TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), currency TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'authorized', 'captured', 'declined', 'cancelled')),
    refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount),
    reason TEXT, becomes TEXT, due REAL, CHECK ((due IS NULL) = (state <> 'pending'))
) STRICT;
CREATE TABLE IF NOT EXISTS refunds (
    id TEXT PRIMARY KEY, payment TEXT NOT NULL REFERENCES payments (id), amount INTEGER NOT NULL CHECK (amount > 0),
    state TEXT NOT NULL CHECK (state IN ('pending', 'made', 'failed')),
    reason TEXT, becomes TEXT, due REAL, CHECK ((due IS NULL) = (state <> 'pending'))
) STRICT;
-- What was answered to an idempotency key, for good.
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, request TEXT NOT NULL, body TEXT NOT NULL) STRICT;
-- Callbacks that are still to be delivered.
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY, payment TEXT NOT NULL, body TEXT NOT NULL, due REAL NOT NULL, held INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due);
CREATE INDEX IF NOT EXISTS payments_due ON payments (due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS refunds_due ON refunds (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS mischief (only INTEGER PRIMARY KEY CHECK (only = 1), body TEXT NOT NULL) STRICT;
"""


class Store:
    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._alone = _alone_on(file)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;" + _SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing, on disk at its end."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _alone_on(file: Path) -> IO[str]:
    """Two would deliver each callback twice. The lock goes with the process, however it ends; one that is about to end is waited for."""
    lock = file.with_suffix(".lock").open("w")
    for _ in range(LOCK_ATTEMPTS):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.1)
        else:
            return lock
    raise Conflict("data_in_use", f"A provider runs on {file} already: stop it, or give --file another.")
