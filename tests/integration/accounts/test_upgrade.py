"""Accounts and sessions that were there before user names and confirmed addresses go on with them, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection, select, text

from services.accounts.models import accounts, sessions
from shared.platform.database import make_engine
from shared.platform.migrate import configuration, migrate
from tests.builders.database import TestDatabase, settings_for

BEFORE = "accounts_0009_signing_keys"

LI = "01a21536-04a2-78a5-bcb7-36b25cb6b841"


def fill(connection: Connection) -> None:
    """An account with a session, as they were."""
    facts = {"id": LI, "at": "2026-01-01 12:00:00+00:00"}
    connection.execute(
        text(
            "INSERT INTO accounts (id, email, email_key, password_hash, name, country, roles, created_at)"
            " VALUES (:id, 'Li@example.com', 'li@example.com', 'hash', 'Li', 'CN', '[\"buyer\"]', :at)"
        ),
        facts,
    )
    connection.execute(text("INSERT INTO sessions (id, account_id, token_hash, created_at, expires_at) VALUES (:id, :id, 'hash', :at, :at)"), facts)


def check(connection: Connection) -> None:
    account: Any = connection.execute(select(accounts)).one()
    assert (account.id, account.email, account.version, account.user_name, account.email_confirmed_at) == (LI, "Li@example.com", 1, None, None)
    session: Any = connection.execute(select(sessions)).one()
    assert (session.account_id, session.used_at, session.address) == (LI, session.created_at, None)


def test_on_postgresql(database: TestDatabase) -> None:
    with database.trial() as tx:
        tx.connection.begin()  # or Alembic would commit its own
        command.downgrade(configuration("accounts", tx.connection), BEFORE)
        fill(tx.connection)
        command.upgrade(configuration("accounts", tx.connection), "accounts@head")
        check(tx.connection)


def test_on_sqlite(tmp_path: Path) -> None:
    settings = settings_for(f"sqlite:///{tmp_path}/accounts.sqlite3")
    engine = make_engine("accounts", settings)
    with engine.begin() as connection:
        command.upgrade(configuration("accounts", connection), "platform@head")
        command.upgrade(configuration("accounts", connection), BEFORE)
        fill(connection)
    migrate(["accounts"], settings)
    with engine.begin() as connection:
        check(connection)
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    engine.dispose()
