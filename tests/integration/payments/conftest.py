"""Every test here runs on both databases, unless it says otherwise: the ledger's rules are the databases' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.database import TestDatabase, embedded_database, fresh_database
from tests.integration.payments.scene import Scene


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestDatabase]:
    if request.param == "postgresql":
        with fresh_database(request.getfixturevalue("database_url"), "payments") as fresh:
            yield fresh
        return
    with embedded_database("payments", tmp_path) as fresh:
        yield fresh


@pytest.fixture
def scene(database: TestDatabase) -> Scene:
    return Scene(database)
