"""A virtual host of its own with the project's topology declared, and nobody else on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
import requests

from shared.platform.settings import Settings
from tests.builders.database import settings_for
from tradelane import topology


@pytest.fixture
def broker(broker_url: str, management_url: str) -> Iterator[Settings]:
    name = f"bus_{os.getpid()}"
    requests.put(f"{management_url}/api/vhosts/{name}", json={}, timeout=30).raise_for_status()
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    user = urlsplit(management_url).username
    requests.put(f"{management_url}/api/permissions/{name}/{user}", json=everything, timeout=30).raise_for_status()
    parts = urlsplit(broker_url)
    settings = replace(settings_for("postgresql://not-used"), broker=f"{parts.scheme}://{parts.netloc}/{name}", broker_management=management_url)
    topology.apply(settings)
    yield settings
    requests.delete(f"{management_url}/api/vhosts/{name}", timeout=30).raise_for_status()
