"""Each service's migrations make exactly the tables its models (and the platform's records) describe, and can be taken back and made again."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, inspect

from shared.platform import records
from shared.platform.database import make_engine
from shared.platform.migrate import configuration, migrate
from shared.platform.topology import SUBSCRIPTIONS
from tests.builders.database import TestDatabase, fresh_database, settings_for

BRANCHES = [*((service, service) for service in SUBSCRIPTIONS), ("accounts", "platform")]


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, service: str, tmp_path: Path) -> Iterator[TestDatabase]:
    if request.param == "postgresql":
        with fresh_database(request.getfixturevalue("database_url"), service) as fresh:
            yield fresh
        return
    settings = settings_for(f"sqlite:///{tmp_path}/{service}.sqlite3")
    migrate([service], settings)
    engine = make_engine(service, settings)
    yield TestDatabase(engine)
    engine.dispose()


def described(connection: Connection, metadata: MetaData) -> dict[str, Any]:
    """The tables with their columns and all their rules, without the schema they are in."""
    inspector = inspect(connection)
    tables = {}
    for name in metadata.tables:
        columns = {each["name"]: (str(each["type"]), each["nullable"], each["default"]) for each in inspector.get_columns(name)}
        rules = [
            inspector.get_pk_constraint(name)["constrained_columns"],
            *sorted((each["constrained_columns"], each["referred_table"], each["referred_columns"]) for each in inspector.get_foreign_keys(name)),
            *sorted(str(sorted(each["column_names"])) for each in inspector.get_unique_constraints(name)),
            *sorted((each["name"], each["sqltext"]) for each in inspector.get_check_constraints(name)),
            *sorted((each["name"], str(each["column_names"]), each["unique"]) for each in inspector.get_indexes(name)),
        ]
        tables[name] = (columns, rules)
    return tables


@pytest.mark.parametrize(("service", "branch"), BRANCHES)
def test_migrations_make_the_models_tables_and_can_be_taken_back_and_made_again(database: TestDatabase, service: str, branch: str) -> None:
    metadata = records.metadata if branch == "platform" else import_module(f"services.{service}.models").metadata
    with database.trial() as tx:
        migrated = described(tx.connection, metadata)
        command.downgrade(configuration(service, tx.connection), f"{branch}@base")
        assert not metadata.tables.keys() & set(inspect(tx.connection).get_table_names())
        metadata.create_all(tx.connection)
        assert described(tx.connection, metadata) == migrated
        metadata.drop_all(tx.connection)
        command.upgrade(configuration(service, tx.connection), "heads")
        assert described(tx.connection, metadata) == migrated
