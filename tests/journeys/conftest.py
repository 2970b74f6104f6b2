"""Journeys run through whole systems as users meet them: `system` on real servers, `embedded` on the default that needs nothing installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.builders.system import System, embedded_system, real_system


@pytest.fixture(scope="session")
def system(broker_url: str, management_url: str, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Shared by all journeys: each brings its own parties."""
    with real_system(broker_url, management_url, database_url, tmp_path_factory.mktemp("system")) as running:
        yield running


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with embedded_system(tmp_path_factory.mktemp("embedded")) as running:
        yield running
