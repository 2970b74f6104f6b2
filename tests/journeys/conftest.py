"""Journeys run through whole systems as users meet them: `system` on real servers, `embedded` on the default that needs nothing installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.builders.system import System, embedded_system
from tests.journeys.market import Market
from tradelane.client import Client


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Shared by all journeys: each brings its own parties."""
    with embedded_system(tmp_path_factory.mktemp("embedded")) as running:
        yield running


@pytest.fixture(scope="module")
def operator(system: System) -> Client:
    """An operator's session in the system on real servers; of its own for each module, since a token lasts for minutes."""
    return system.operator()


@pytest.fixture(scope="module")
def market(system: System, operator: Client) -> Market:
    """Two parties in the system on real servers."""
    return Market(system, operator)
