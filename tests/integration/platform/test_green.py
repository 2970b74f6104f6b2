"""A database that says nothing more is not waited for beyond the deadline."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from psycopg2 import extensions
from sqlalchemy import text

from shared.kit.errors import Unavailable
from shared.platform.database import make_engine, run
from shared.platform.green import make_green
from tests.builders.database import settings_for
from tests.faults.proxy import Proxy

PATIENCE = 1.0
LONG_ENOUGH = 15.0


@pytest.fixture(autouse=True)
def _green() -> Iterator[None]:
    make_green(PATIENCE)
    yield
    extensions.set_wait_callback(None)


@pytest.fixture
def proxy(database_url: str) -> Iterator[Proxy]:
    port = urlsplit(database_url).port
    assert port
    proxy = Proxy({"database": [port]})
    yield proxy
    proxy.stop()


def through(proxy: Proxy, url: str) -> str:
    return url.replace(f":{urlsplit(url).port}/", f":{proxy.ports['database']}/")


def test_a_connection_over_which_nothing_comes_any_more_is_given_up(database_url: str, proxy: Proxy) -> None:
    engine = make_engine("test", settings_for(through(proxy, database_url)))

    def freeze_in_the_middle(tx: object) -> None:
        proxy.freeze("database", 1, 0)
        tx.execute(text("SELECT 1"))  # type: ignore[attr-defined]

    begun = time.monotonic()
    with pytest.raises(Unavailable):
        run(engine, freeze_in_the_middle)
    proxy.thaw("database")
    assert run(engine, lambda tx: tx.execute(text("SELECT 2")).scalar_one())[0] == 2
    engine.dispose()
    assert time.monotonic() - begun < LONG_ENOUGH


def test_a_server_that_takes_a_connection_and_says_nothing_is_given_up(database_url: str, proxy: Proxy) -> None:
    engine = make_engine("test", settings_for(through(proxy, database_url)))
    proxy.freeze("database", 1, 0)
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        run(engine, lambda tx: tx.execute(text("SELECT 1")))
    engine.dispose()
    assert time.monotonic() - begun < LONG_ENOUGH
