"""Where the servers come from, the first that can give them: an address in the environment, a Docker engine, binaries on this machine,
Debian's packages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import docker.errors

from tests.servers import Broker, Database, ServerUnavailable, debian, docker_engine, local_postgresql, local_rabbitmq
from tests.servers.processes import say


@contextmanager
def rabbitmq() -> Iterator[Broker]:
    """TEST_BROKER names a running one; TEST_MANAGEMENT its management, if that is not on the same host's port 15672."""
    if given := os.environ.get("TEST_BROKER"):
        address = urlsplit(given)
        credentials = address.netloc.rpartition("@")[0]
        yield Broker(given, os.environ.get("TEST_MANAGEMENT") or f"http://{credentials}@{address.hostname}:15672")
    else:
        with ExitStack() as stack:
            yield _bring(stack, "rabbitmq-server", docker_engine.rabbitmq, local_rabbitmq)


@contextmanager
def postgresql() -> Iterator[Database]:
    """TEST_DATABASE names a running one, as a user who may create databases and roles."""
    if given := os.environ.get("TEST_DATABASE"):
        yield Database(given)
    else:
        with ExitStack() as stack:
            yield _bring(stack, "postgresql", docker_engine.postgresql, local_postgresql)


def _bring(stack: ExitStack, package: str, contained: Callable[[Any], AbstractContextManager[Any]], local: ModuleType) -> Any:
    engine = docker_engine.find()
    if engine:
        try:
            running = stack.enter_context(contained(engine))
            say(f"{package} runs in Docker")
            return running
        except (docker.errors.DockerException, ServerUnavailable) as error:
            say(f"the Docker engine here gave no {package} ({error}); going on without it")
    if not local.find():
        debian.install(package)
    found = local.find()
    if not found:
        raise ServerUnavailable(f"the package {package} is installed, but brought no server that could be found")
    running = stack.enter_context(local.running(found))
    say(f"{package} runs from {found}")
    return running


SOURCES: dict[str, Callable[[], AbstractContextManager[Any]]] = {"rabbitmq": rabbitmq, "postgresql": postgresql}
