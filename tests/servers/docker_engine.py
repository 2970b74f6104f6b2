"""Both servers from their official images, where a Docker engine on this machine answers."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import docker
import docker.errors

from tests.servers import Broker, Database, ServerUnavailable, local_postgresql, local_rabbitmq
from tests.servers.processes import say

RABBITMQ = "rabbitmq:4-management"
POSTGRESQL = "postgres:17"


def find() -> docker.DockerClient | None:
    """A client of the engine, if one answers. One on another machine is left alone: its ports are not on this loopback."""
    if os.environ.get("DOCKER_HOST", "unix:").split(":")[0] not in {"unix", "npipe"}:
        return None
    try:
        client = docker.from_env(timeout=60)
        client.ping()
    except (docker.errors.DockerException, OSError):
        return None
    return client


@contextmanager
def rabbitmq(client: docker.DockerClient) -> Iterator[Broker]:
    """RabbitMQ 4 with the management plugin."""
    password = secrets.token_hex(16)
    variables = {"RABBITMQ_DEFAULT_USER": "tradelane", "RABBITMQ_DEFAULT_PASS": password}
    with _container(client, RABBITMQ, variables, (5672, 15672)) as ports:
        broker = Broker(f"amqp://tradelane:{password}@127.0.0.1:{ports[5672]}//", f"http://tradelane:{password}@127.0.0.1:{ports[15672]}")
        _wait_for(RABBITMQ, lambda: local_rabbitmq.connect(broker))
        yield broker


@contextmanager
def postgresql(client: docker.DockerClient) -> Iterator[Database]:
    """PostgreSQL 17."""
    password = secrets.token_hex(16)
    variables = {"POSTGRES_USER": "tradelane", "POSTGRES_PASSWORD": password, "POSTGRES_DB": "postgres"}
    command = ["postgres", "-c", f"max_connections={local_postgresql.MAX_CONNECTIONS}"]
    with _container(client, POSTGRESQL, variables, (5432,), command) as ports:
        url = f"postgresql://tradelane:{password}@127.0.0.1:{ports[5432]}/postgres"
        _wait_for(POSTGRESQL, lambda: local_postgresql.connect(url))
        yield Database(url)


@contextmanager
def _container(
    client: docker.DockerClient, image: str, variables: Mapping[str, str], ports: tuple[int, ...], command: list[str] | None = None
) -> Iterator[dict[int, int]]:
    """A container for the length of the block; yields the loopback port each of its ports is published on."""
    try:
        client.images.get(image)
    except docker.errors.ImageNotFound:
        say(f"pulling the Docker image {image}")
        client.images.pull(image)
    published = {f"{port}/tcp": ("127.0.0.1", 0) for port in ports}
    container = client.containers.create(image, command, environment=dict(variables), ports=published, labels=["tradelane.tests"])
    try:
        container.start()
        container.reload()
        bindings = {port: container.ports[f"{port}/tcp"] or [] for port in ports}
        yield {port: int(binding["HostPort"]) for port, (binding, *_) in bindings.items()}
    finally:
        container.remove(force=True, v=True)


def _wait_for(image: str, answers: Callable[[], None], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return answers()
        except Exception as error:
            if time.monotonic() > deadline:
                raise ServerUnavailable(f"the container of {image} did not answer ({error})") from error
            time.sleep(0.2)
