"""RabbitMQ and PostgreSQL for tests and trials: found or brought, on free loopback ports and in folders of their own.

    with rabbitmq() as broker, postgresql() as database:
        ...

Each server belongs to a keeper, a process that takes it down when its owner lets go of it, however the owner ends: the operating
system closes the pipe between them even after a SIGKILL. Where the servers come from is `sources.py`'s business.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A first start may have to fetch an image or install packages.
_LONGEST_STOP = 60


class ServerUnavailable(RuntimeError):
    """No source could give the server; the message says what to do about it."""


@dataclass(frozen=True)
class Broker:
    """A RabbitMQ with the management plugin; both addresses carry an administrator's name and password."""

    amqp_url: str
    management_url: str


@dataclass(frozen=True)
class Database:
    """A PostgreSQL server; the address is a superuser's, at an empty database."""

    url: str


ADDRESSES: dict[str, type[Any]] = {"rabbitmq": Broker, "postgresql": Database}


class Server:
    """A server on its way up. Making it does not wait, so that several start side by side; `address` does."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        # A session of its own: Ctrl-C at the terminal must reach the owner only, which then lets go.
        self._keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.keeper", kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        self._address: Any = None

    def address(self) -> Any:
        """The server's `Broker` or `Database`, once it answers. ServerUnavailable where it cannot be had."""
        if self._address is None:
            assert self._keeper.stdout is not None
            line = self._keeper.stdout.readline()
            if not line:
                raise ServerUnavailable(f"{self._kind} could not be started: the reason stands above, on standard error")
            self._address = ADDRESSES[self._kind](**json.loads(line))
        return self._address

    def stop(self) -> None:
        """Lets go of the keeper and waits until the server is gone."""
        self._keeper.communicate(timeout=_LONGEST_STOP)


@contextmanager
def _running(kind: str) -> Iterator[Any]:
    server = Server(kind)
    try:
        yield server.address()
    finally:
        server.stop()


@contextmanager
def rabbitmq() -> Iterator[Broker]:
    """A RabbitMQ of one's own, empty, gone after the block."""
    with _running("rabbitmq") as broker:
        yield broker


@contextmanager
def postgresql() -> Iterator[Database]:
    """A PostgreSQL of one's own, empty, gone after the block."""
    with _running("postgresql") as database:
        yield database
