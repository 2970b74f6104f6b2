"""A broker with the project's topology and a database for each test; children that do not outlive it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.platform.settings import Settings
from tests.builders.database import TestDatabase, fresh_database
from tests.integration.bus import conftest as virtual_host
from tests.integration.conftest import no_database_is_left  # noqa: F401 - a fixture
from tests.pitfalls.bus import SERVICE, Bus, open_bus
from tests.pitfalls.children import Children

broker = virtual_host.broker


@pytest.fixture
def database(database_url: str) -> Iterator[TestDatabase]:
    with fresh_database(database_url, SERVICE) as fresh:
        yield fresh


@pytest.fixture
def children(broker: Settings, database: TestDatabase, tmp_path: Path) -> Iterator[Children]:
    started = Children(broker, database.engine.url.render_as_string(hide_password=False), tmp_path)
    yield started
    started.stop()


@pytest.fixture
def bus(broker: Settings) -> Iterator[Bus]:
    with open_bus(broker.broker) as opened:
        yield opened
