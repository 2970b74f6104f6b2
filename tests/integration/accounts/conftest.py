from __future__ import annotations

import pytest

from tests.builders.database import TestDatabase
from tests.integration.accounts.scene import Accounts, Frozen


@pytest.fixture
def accounts(database: TestDatabase) -> Accounts:
    return Accounts(Frozen(database.engine))
