"""Every test here runs on both databases: the guard rails are the databases' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.platform.database import make_engine
from shared.platform.migrate import migrate
from tests.builders.database import TestDatabase, fresh_database, settings_for
from tests.integration.logistics.scene import Scene


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestDatabase]:
    if request.param == "postgresql":
        with fresh_database(request.getfixturevalue("database_url"), "logistics") as fresh:
            yield fresh
        return
    settings = settings_for(f"sqlite:///{tmp_path}/logistics.sqlite3")
    migrate(["logistics"], settings)
    engine = make_engine("logistics", settings)
    yield TestDatabase(engine)
    engine.dispose()


@pytest.fixture
def scene(database: TestDatabase) -> Scene:
    return Scene(database)
