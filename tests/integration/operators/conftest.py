"""An operator at the command line: the broker with the project's topology and every service's database, and no service running."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from shared.platform.settings import Settings, settings
from shared.platform.topology import SUBSCRIPTIONS
from tests.builders.database import TestDatabase, fresh_database
from tests.integration.bus import conftest as bus
from tests.integration.operators.scene import Consumer, Done, Operator
from tradelane.cli import main

broker = bus.broker


@pytest.fixture
def catalog(database_url: str) -> Iterator[TestDatabase]:
    with fresh_database(database_url, "catalog") as fresh:
        yield fresh


@pytest.fixture
def databases(database_url: str, catalog: TestDatabase) -> Iterator[dict[str, TestDatabase]]:
    """Each service's own."""
    with ExitStack() as stack:
        others = {service: stack.enter_context(fresh_database(database_url, service)) for service in SUBSCRIPTIONS if service != "catalog"}
        yield {"catalog": catalog} | others


@pytest.fixture
def operator(broker: Settings, databases: dict[str, TestDatabase], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Operator]:
    """Runs commands in this process."""

    def run(*words: str) -> Done:
        settings.cache_clear()
        monkeypatch.setattr(sys, "argv", ["tradelane", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Done(ended.value.code, printed.out, printed.err)

    monkeypatch.setenv("BROKER", broker.broker)
    monkeypatch.setenv("BROKER_MANAGEMENT", broker.broker_management)
    monkeypatch.setenv("DATABASE", "postgresql://nobody@127.0.0.1:1/nothing")
    for service, database in databases.items():
        monkeypatch.setenv(f"DATABASE_{service.upper()}", database.engine.url.render_as_string(hide_password=False))
    yield Operator(run, broker, databases, monkeypatch)
    settings.cache_clear()


@pytest.fixture
def consumer(catalog: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Consumer]:
    """The catalog's inbox, whose events are dead after one attempt."""
    monkeypatch.setenv("RETRY_ATTEMPTS", "1")
    settings.cache_clear()
    yield Consumer(catalog)
    settings.cache_clear()
