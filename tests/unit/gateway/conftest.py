from __future__ import annotations

import pytest

from tests.unit.gateway.fakes import Gateway


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()
