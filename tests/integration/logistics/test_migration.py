"""The migration makes what the code works with."""

from __future__ import annotations

from typing import Any

from alembic import command
from sqlalchemy import Connection, inspect

from services.logistics.models import metadata
from shared.platform.migrate import configuration
from tests.builders.database import TestDatabase


def described(connection: Connection) -> dict[str, Any]:
    """The tables with their columns and rules."""
    inspector = inspect(connection)
    tables = {}
    for name in metadata.tables:
        columns = {each["name"]: (str(each["type"]), each["nullable"], each["default"]) for each in inspector.get_columns(name)}
        rules = [
            inspector.get_pk_constraint(name)["constrained_columns"],
            *sorted((each["constrained_columns"], each["referred_table"]) for each in inspector.get_foreign_keys(name)),
            *sorted(str(each["column_names"]) for each in inspector.get_unique_constraints(name)),
            *sorted((each["name"], each["sqltext"]) for each in inspector.get_check_constraints(name)),
            *sorted((each["name"], each["column_names"]) for each in inspector.get_indexes(name)),
        ]
        tables[name] = (columns, rules)
    return tables


def test_it_makes_exactly_the_tables_of_the_models(database: TestDatabase) -> None:
    with database.transaction() as tx:
        migrated = described(tx.connection)
        command.downgrade(configuration("logistics", tx.connection), "logistics@base")
        assert not metadata.tables.keys() & set(inspect(tx.connection).get_table_names())
        metadata.create_all(tx.connection)
        assert migrated == described(tx.connection)


def test_it_can_be_taken_back_and_made_again(database: TestDatabase) -> None:
    with database.transaction() as tx:
        before = described(tx.connection)
        command.downgrade(configuration("logistics", tx.connection), "logistics@base")
        command.upgrade(configuration("logistics", tx.connection), "heads")
        assert described(tx.connection) == before
