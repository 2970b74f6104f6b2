"""Brings databases to the newest schema: the platform's tables and each service's own, as two Alembic branches in one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from shared.platform.database import make_engine
from shared.platform.settings import Settings

ROOT = Path(__file__).parents[2]
PLATFORM = Path(__file__).parent / "migrations"

_LOCK = 0x7472616465  # one migration at a time in a server


def configuration(service: str, connection: Connection | None = None) -> Config:
    """Alembic's configuration for one service, working on `connection`."""
    config = Config()
    config.set_main_option("script_location", str(PLATFORM))
    config.set_main_option("path_separator", "os")
    versions = (PLATFORM / "versions", ROOT / "services" / service / "migrations")
    config.set_main_option("version_locations", ":".join(str(path) for path in versions))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew, and would miss the old one's rows wherever others refer to them: it looks for them afterwards."""
    if connection.dialect.name != "sqlite":
        yield
        return
    sqlite: Any = connection.connection.driver_connection
    sqlite.execute("PRAGMA foreign_keys = OFF")  # outside of any transaction, or it does nothing
    yield
    missed = sqlite.execute("PRAGMA foreign_key_check").fetchall()
    assert not missed, missed


def migrate(services: Iterable[str], settings: Settings) -> None:
    """Create or upgrade the schema of each service that has a database."""
    for service in services:
        engine = make_engine(service, settings)
        with engine.connect() as connection, _without_foreign_keys(connection), connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                if not connection.execute(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": service}).scalar():
                    connection.execute(text(f'CREATE SCHEMA "{service}"'))
            command.upgrade(configuration(service, connection), "heads")
        engine.dispose()
