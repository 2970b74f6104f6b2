"""The real servers any test may ask for. Those that some collected test asks for start side by side while the first tests run.

Where pytest-xdist shares the run among several processes, they share the servers too: these are up before the processes start.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.builders.mail_server import MailServer, running_mail_server
from tests.builders.system import System, real_system
from tests.servers import Server

_KIND_OF = {"broker_url": "rabbitmq", "management_url": "rabbitmq", "database_url": "postgresql"}
_STARTED = pytest.StashKey[dict[str, Server]]()


def pytest_collection_finish(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        for fixture in {name for item in session.items for name in getattr(item, "fixturenames", ())} & _KIND_OF.keys():
            _server(session.config, fixture)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Tells the processes of a shared run where the servers are, as anybody would who has some: by the environment."""
    broker, database = [_server(config, fixture) for fixture in ("broker_url", "database_url")]
    os.environ["TEST_BROKER"], os.environ["TEST_MANAGEMENT"] = broker.address().amqp_url, broker.address().management_url
    os.environ["TEST_DATABASE"] = database.address().url


@pytest.fixture(scope="session")
def broker_url(pytestconfig: pytest.Config) -> str:
    """RabbitMQ's address (`amqp://…`), an administrator's, shared by the whole run: tests take virtual hosts or names of their own."""
    return str(_server(pytestconfig, "broker_url").address().amqp_url)


@pytest.fixture(scope="session")
def management_url(pytestconfig: pytest.Config) -> str:
    """The management API of the same RabbitMQ (`http://name:password@…`)."""
    return str(_server(pytestconfig, "management_url").address().management_url)


@pytest.fixture(scope="session")
def database_url(pytestconfig: pytest.Config) -> str:
    """PostgreSQL's address (`postgresql://…`), a superuser's, shared by the whole run: tests make databases of their own."""
    return str(_server(pytestconfig, "database_url").address().url)


def _server(config: pytest.Config, fixture: str) -> Server:
    started = config.stash.setdefault(_STARTED, {})
    kind = _KIND_OF[fixture]
    if kind not in started:
        started[kind] = Server(kind)
        config.add_cleanup(started[kind].stop)
    return started[kind]


@pytest.fixture(scope="session")
def mail_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    """Takes the mails of the system on real servers."""
    with running_mail_server(tmp_path_factory.mktemp("mails")) as running:
        yield running


@pytest.fixture(scope="session")
def system(broker_url: str, management_url: str, database_url: str, mail_server: MailServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The whole system on the real servers, one process a service, shared by the tests that only talk to it."""
    with real_system(broker_url, management_url, database_url, tmp_path_factory.mktemp("system"), MAIL_URL=mail_server.url) as running:
        yield running
