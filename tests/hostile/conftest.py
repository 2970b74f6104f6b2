"""A gateway with everything behind it and low limits, and an honest client who uses it all the while."""

from __future__ import annotations

import resource
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.system import System, embedded_system
from tests.hostile.attacker import Attacker, Honest
from tradelane.client import Client

DESCRIPTORS = 8192
MARK = "keep-this-to-yourself"
"""In every secret that the system is given."""
SECRETS = {
    "PROVIDER_KEY": f"{MARK}-1",
    "PROVIDER_WEBHOOK_SECRET": f"{MARK}-2",
    "CARRIER_DHL_SECRET": f"{MARK}-3",
    "CARRIER_DHL_KEY": f"{MARK}-4",
    "CARRIER_DHL_URL": "http://127.0.0.1:9/track",
}
LIMITS = {"HTTP_CONNECTIONS": "300", "HTTP_BODIES_LIMIT": str(10 << 20), "HTTP_HEADER_TIMEOUT": "1", "HTTP_BODY_TIMEOUT": "1.5", "HTTP_IDLE_TIMEOUT": "2"}


@pytest.fixture(scope="session", autouse=True)
def descriptors() -> None:
    """Enough for thousands of connections, in the system's process as in ours."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


@pytest.fixture(scope="session")
def victim(tmp_path_factory: pytest.TempPathFactory, descriptors: None) -> Iterator[System]:
    folder: Path = tmp_path_factory.mktemp("victim")
    with embedded_system(folder, LOG_LEVEL="DEBUG", **SECRETS, **LIMITS) as running:
        yield running


@pytest.fixture(scope="session")
def password() -> str:
    return f"{MARK}-{secrets.token_urlsafe(16)}"


@pytest.fixture(scope="session")
def client(victim: System, password: str) -> Client:
    """A signed-in buyer."""
    client = Client(victim.url)
    client.register(email=f"{secrets.token_hex(5)}@buyer.example", password=password, name="Ann", country="NO", role="buyer")
    return client


@pytest.fixture(scope="session")
def token(client: Client) -> str:
    return str(client.session.headers["Authorization"]).removeprefix("Bearer ")


@pytest.fixture(scope="session")
def attacker(victim: System) -> Attacker:
    return Attacker(victim.port)


@pytest.fixture(scope="session")
def honest(victim: System, token: str) -> Iterator[Honest]:
    """One who uses the system from the first test to the last."""
    honest = Honest(victim.url, token)
    honest.start()
    yield honest
    honest.stop()
    assert honest.times


@pytest.fixture(autouse=True)
def unharmed(victim: System, honest: Honest) -> Iterator[None]:
    """After each test the system still runs, and has answered everybody else so far."""
    yield
    assert honest.failures == []
    assert victim.process
    assert victim.process.poll() is None
