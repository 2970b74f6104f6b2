"""A real sandbox process for each module, and a place for its callbacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.payments.application.providers.sandbox import Sandbox
from tests.builders.provider import ProviderProcess, running_provider
from tests.integration.provider.callbacks import Callbacks


@pytest.fixture(scope="module")
def callbacks() -> Iterator[Callbacks]:
    receiver = Callbacks()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def process(callbacks: Callbacks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderProcess]:
    with running_provider(tmp_path_factory.mktemp("provider"), "--webhook-url", callbacks.url) as running:
        yield running


@pytest.fixture
def sandbox(process: ProviderProcess) -> Iterator[Sandbox]:
    """Without mischief, and without any left behind."""
    process.mischief()
    yield Sandbox(process.url, process.key, process.webhook_secret)
    process.mischief()
