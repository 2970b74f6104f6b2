from __future__ import annotations

import pytest

from tests.builders.database import TestDatabase
from tests.integration.orders.scene import Scene


@pytest.fixture
def scene(database: TestDatabase) -> Scene:
    return Scene(database)
