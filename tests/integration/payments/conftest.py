"""Every test here runs on both databases, unless it says otherwise: the ledger's rules are the databases' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.platform.database import make_engine
from shared.platform.migrate import migrate
from tests.builders.database import TestDatabase, fresh_database, settings_for
from tests.integration.payments.scene import Scene


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestDatabase]:
    if request.param == "postgresql":
        with fresh_database(request.getfixturevalue("database_url"), "payments") as fresh:
            yield fresh
        return
    settings = settings_for(f"sqlite:///{tmp_path}/payments.sqlite3")
    migrate(["payments"], settings)
    engine = make_engine("payments", settings)
    yield TestDatabase(engine)
    engine.dispose()


@pytest.fixture
def scene(database: TestDatabase) -> Scene:
    return Scene(database)
