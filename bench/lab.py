"""The laboratory: starts what a workload needs, takes it down afterwards, and has subjects measured in turns."""

from __future__ import annotations

import itertools
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from urllib.parse import urlsplit

import requests
from sqlalchemy import create_engine, text

from shared.platform.database import address
from shared.platform.settings import UNLIMITED
from tests.servers import Broker, Database, Server
from tradelane.client import Client

Measurement = TypeVar("Measurement")
Entered = TypeVar("Entered")

START_SECONDS = 180
STOP_SECONDS = 15
ROOT = Path(__file__).parents[1]


class Lab:
    """Servers live as long as the laboratory; processes, virtual hosts and databases as long as the `scene` that they were made in."""

    def __init__(self, rounds: int, seconds: float) -> None:
        self.rounds, self.seconds = rounds, seconds
        self.workload = ""
        self._servers = ExitStack()
        self._scene = ExitStack()
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self.folder = Path(self._servers.enter_context(TemporaryDirectory(prefix="tradelane-bench-")))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._servers.close()

    @contextmanager
    def scene(self, workload: str) -> Iterator[None]:
        """One workload's time in the laboratory."""
        self.workload = workload
        with ExitStack() as self._scene:
            yield

    def tell(self, what: str) -> None:
        """Progress, for whoever waits."""
        print(f"  … {self.workload}: {what}", file=sys.stderr, flush=True)

    def interleaved(self, subjects: Mapping[str, Callable[[], Measurement]]) -> dict[str, list[Measurement]]:
        """Each subject's measurements, one a round. All take their turn in every round, so that the machine's noise meets them alike."""
        measured: dict[str, list[Measurement]] = {name: [] for name in subjects}
        for number in range(1, self.rounds + 1):
            for name, measure in subjects.items():
                self.tell(f"round {number}/{self.rounds}: {name}")
                measured[name].append(measure())
        return measured

    @cached_property
    def broker(self) -> Broker:
        """A RabbitMQ of our own."""
        return cast(Broker, self._server("rabbitmq"))

    @cached_property
    def database(self) -> Database:
        """A PostgreSQL of our own."""
        return cast(Database, self._server("postgresql"))

    def _server(self, kind: str) -> Any:
        server = Server(kind)
        self._servers.callback(server.stop)
        return server.address()

    def new_broker(self) -> str:
        """The address of an empty virtual host."""
        name, api = f"bench-{next(self._numbers)}", self.broker.management_url + "/api"
        requests.put(f"{api}/vhosts/{name}", json={}, timeout=30).raise_for_status()
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        requests.put(f"{api}/permissions/{name}/{urlsplit(api).username}", json=everything, timeout=30).raise_for_status()
        self._scene.callback(lambda: requests.delete(f"{api}/vhosts/{name}", timeout=60))
        parts = urlsplit(self.broker.amqp_url)
        return f"{parts.scheme}://{parts.netloc}/{name}"

    def new_database(self) -> str:
        """The address of an empty database."""
        name = f"bench_{next(self._numbers)}"
        server = create_engine(address(self.database.url), isolation_level="AUTOCOMMIT")

        def drop() -> None:
            with server.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            server.dispose()

        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        self._scene.callback(drop)
        return address(self.database.url).set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    def enter(self, context: AbstractContextManager[Entered]) -> Entered:
        """For the length of the scene."""
        return self._scene.enter_context(context)

    def command(self, *words: str, environment: Mapping[str, str]) -> None:
        """`tradelane` with these words, to its end; RuntimeError where it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "tradelane", *words], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"tradelane {' '.join(words)} failed:\n{done.stdout}{done.stderr}")

    def python(self, *arguments: str, environment: Mapping[str, str] | None = None, ready: Callable[[], object] | None = None) -> subprocess.Popen[bytes]:
        """Python with these arguments, ended with the scene; with `ready` once that raises no more."""
        log = self.folder / f"{next(self._numbers)}.log"
        with log.open("wb") as output:
            surroundings = {**os.environ, **UNLIMITED, "PYTHONWARNINGS": "ignore", **(environment or {})}
            command = [sys.executable, *arguments]
            process = subprocess.Popen(command, cwd=ROOT, env=surroundings, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0)
        self._scene.callback(end, process)
        if ready:
            try:
                self.wait(ready)
            except TimeoutError as error:
                error.add_note(log.read_text(errors="replace")[-3000:])
                raise
        return process

    def wait(self, ready: Callable[[], object]) -> None:
        """Returns once `ready` raises no more; TimeoutError, with what it raised, where that takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                ready()
            except Exception as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not ready after {START_SECONDS} s") from error
                time.sleep(0.1)
            else:
                return


def end(process: subprocess.Popen[bytes]) -> None:
    """In order if it does that in good time, else not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(url: str) -> None:
    """Raises while there is no good answer to a GET."""
    requests.get(url, timeout=5).raise_for_status()


def supplier(lab: Lab, environment: Mapping[str, str], url: str) -> Client:
    """The session of a new supplier, who may sell: somebody knows them to be who they say."""
    email, password = f"supplier.{secrets.token_hex(5)}@bench.example", secrets.token_urlsafe(16)
    facts = ("--role", "supplier", "--name", "A supplier", "--country", "CH", "--verified")
    lab.command("accounts", "create", email, *facts, environment={**environment, "ACCOUNT_PASSWORD": password})
    client = Client(url)
    client.sign_in(email, password)
    return client


def member(url: str, role: str) -> Client:
    """The session of a new account."""
    client = Client(url)
    client.register(role=role, name=f"A {role}", country="CH", email=f"{role}.{secrets.token_hex(5)}@bench.example", password=secrets.token_urlsafe(16))
    return client
