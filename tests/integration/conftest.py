"""Each service's folder here gets a fresh PostgreSQL database of that service per test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.builders.database import TestDatabase, drop_databases, fresh_database


@pytest.fixture(scope="session", autouse=True)
def no_database_is_left() -> Iterator[None]:
    yield
    drop_databases()


@pytest.fixture
def database(request: pytest.FixtureRequest, database_url: str) -> Iterator[TestDatabase]:
    """The database of the service whose folder the test is in."""
    with fresh_database(database_url, request.path.parent.name) as fresh:
        yield fresh
