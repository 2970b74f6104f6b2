"""RabbitMQ and PostgreSQL that can be killed and started again on the same data. Each belongs to a keeper (this module run as a script),
which takes it down when its owner lets go, however the owner ends."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any
from urllib.parse import urlsplit

from tests.servers import ADDRESSES, Broker, ServerUnavailable, debian, local_postgresql, local_rabbitmq
from tests.servers.processes import Home, home

_LONGEST_STOP = 60


class Server:
    """The owner's side. Making it does not wait, so that several come up side by side; `address` does."""

    keeper: str = "tests.faults.servers"
    addresses: Mapping[str, type[Any]] = ADDRESSES
    virtual_host: Mapping[str, str] = MappingProxyType({})
    """How a broker's virtual hosts are made."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._keeper = subprocess.Popen(
            [sys.executable, "-m", self.keeper, kind],
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
            self._address = self.addresses[self._kind](**json.loads(self._answer()))
        return self._address

    @property
    def ports(self) -> list[int]:
        """Where it listens for clients."""
        address = self.address()
        return [urlsplit(address.amqp_url if isinstance(address, Broker) else address.url).port or 0]

    def part(self, draw: random.Random) -> tuple[int, ...]:
        """What `kill` and `start` are told so that they concern a part of it, where it has parts."""
        return ()

    def kill(self, *part: int) -> None:
        """As by a power cut: SIGKILL to all of it."""
        self._ask("kill", *part)

    def start(self, *part: int) -> None:
        """After a kill: it is back, with the data it had, when this returns."""
        self._ask("start", *part)

    def control(self, *words: str) -> None:
        """A command of the server's own control tool; RuntimeError where it fails."""
        self._ask("control", *words)

    def stop(self) -> None:
        """Let go of the keeper and wait until the server is gone."""
        self._keeper.communicate(timeout=_LONGEST_STOP)

    def _ask(self, *words: str | int) -> None:
        assert self._keeper.stdin
        self._keeper.stdin.write(json.dumps(words) + "\n")
        self._keeper.stdin.flush()
        if failure := json.loads(self._answer()):
            raise RuntimeError(f"{self._kind} {' '.join(map(str, words))}: {failure}")

    def _answer(self) -> str:
        assert self._keeper.stdout
        line = self._keeper.stdout.readline()
        if not line:
            raise ServerUnavailable(f"{self._kind} could not be started: the reason stands above, on standard error")
        return line


class Held:
    """The keeper's side: one server's process in its folder, with the means to start it and to tell whether it answers."""

    def __init__(
        self,
        folder: Home,
        command: Sequence[str | Path],
        environment: Mapping[str, str],
        answers: Callable[[], object],
        tool: Path | None = None,
    ) -> None:
        self._folder, self._command, self._environment, self._answers, self._tool = folder, command, environment, answers, tool
        self.start()

    def start(self) -> None:
        self._process = self._folder.command(self._command, self._environment)
        self._folder.wait_for(str(self._command[0]), self._process, self._answers)

    def kill(self) -> None:
        """All of it is gone when this returns: a PostgreSQL does not start while a child of the last one lives."""
        _send(os.kill, self._process.pid, signal.SIGSTOP)  # no further child while they are counted
        victims = [self._process.pid, *_children(self._process.pid)]  # PostgreSQL's children lead process groups of their own
        _send(os.killpg, self._process.pid, signal.SIGKILL)
        for pid in victims:
            _send(os.kill, pid, signal.SIGKILL)
        self._process.wait()
        deadline = time.monotonic() + _LONGEST_STOP
        while any(_lives(pid) for pid in victims) and time.monotonic() < deadline:
            time.sleep(0.01)

    def control(self, *words: str) -> None:
        assert self._tool
        if self._folder.command([self._tool, *words], self._environment).wait(60):
            raise ServerUnavailable(self._folder.last_words()[-300:])


def _send(how: Callable[[int, int], None], to: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        how(to, number)


def _children(parent: int) -> list[int]:
    found = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return [pid for pid in found if _state(pid)[1] == parent]


def _lives(pid: int) -> bool:
    return _state(pid)[0] not in "ZX"


def _state(pid: int) -> tuple[str, int]:
    """What it is at (X: it is gone) and whose child it is."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "X", 0
    return state, int(parent)


@contextmanager
def _rabbitmq(script: Path) -> Iterator[tuple[Any, Held]]:
    with home("rabbitmq") as folder:
        broker, environment = local_rabbitmq.configure(folder)
        with local_rabbitmq.port_mapper(folder, environment):
            yield broker, Held(folder, [script], environment, lambda: local_rabbitmq.connect(broker), script.with_name("rabbitmqctl"))


@contextmanager
def _postgresql(binaries: Path) -> Iterator[tuple[Any, Held]]:
    with home("postgresql") as folder:
        database, command = local_postgresql.configure(folder, binaries)
        yield database, Held(folder, command, {}, lambda: local_postgresql.connect(database.url))


_KINDS = {"rabbitmq": ("rabbitmq-server", local_rabbitmq, _rabbitmq), "postgresql": ("postgresql", local_postgresql, _postgresql)}


def hold(kind: str, package: str, local: ModuleType, running: Callable[[Path], AbstractContextManager[tuple[Any, Any]]]) -> int:
    """Holds what `running` gives for whoever holds the other end of standard input; the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        if not local.find():
            debian.install(package)
        with running(local.find() or Path()) as (address, held):
            try:
                print(json.dumps(dataclasses.asdict(address)), flush=True)
                for line in sys.stdin:
                    print(json.dumps(_told(held, *json.loads(line))), flush=True)
            finally:
                held.kill()
    except ServerUnavailable as error:
        print(f"{kind}: {error}", file=sys.stderr)
        return 1
    return 0


def _told(held: Any, method: str, *words: str | int) -> str:
    try:
        getattr(held, method)(*words)
    except (ServerUnavailable, subprocess.TimeoutExpired) as error:
        return str(error)
    return ""


if __name__ == "__main__":
    sys.exit(hold(sys.argv[1], *_KINDS[sys.argv[1]]))
