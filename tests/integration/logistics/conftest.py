"""Every test here runs on both databases: the guard rails are the databases' own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.platform.settings import settings
from tests.builders.carrier import SECRET
from tests.builders.database import TestDatabase, embedded_database, fresh_database
from tests.integration.logistics.scene import Scene


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestDatabase]:
    if request.param == "postgresql":
        with fresh_database(request.getfixturevalue("database_url"), "logistics") as fresh:
            yield fresh
        return
    with embedded_database("logistics", tmp_path) as fresh:
        yield fresh


@pytest.fixture
def access(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Called with settings of carriers, it gives them."""

    def give(**environment: str) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    give(CARRIER_COSCO_SECRET=SECRET)
    yield give
    settings.cache_clear()


@pytest.fixture
def scene(database: TestDatabase) -> Scene:
    return Scene(database)
