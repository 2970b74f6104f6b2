"""Services as child processes: Nameko's stock ones and ours, told apart by nothing but their module. What they `tell` is in their logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from shared.platform.settings import Settings

PATIENCE = 60.0  # seconds for what happens at once on a machine that has nothing else to do


def tell(*words: object) -> None:
    """For a service: one line that the test reads."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def wait_for_file(file: str) -> None:
    """For a service: go on when there is such a file, or where none is named."""
    while file and not Path(file).exists():
        time.sleep(0.02)


def wait_until(happened: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """What `happened` answers once it is true; AssertionError where that takes too long."""
    deadline = time.monotonic() + seconds
    while not (answer := happened()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)
    return answer


class Child:
    """One process, from its start to its end."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                env={**os.environ, "PYTHONWARNINGS": "ignore", **environment},
                cwd=Path(__file__).parents[2],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def told(self) -> list[str]:
        return self.log.read_text(errors="replace").splitlines()

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def count(self, line: str) -> int:
        """How many lines of the log are this one."""
        return self.told.count(line)

    def wait_for(self, text: str) -> str:
        """The first line of the log that holds `text`, once there is one."""

        def found() -> str:
            line = next((line for line in self.told if text in line), "")
            assert line or self.runs, f"it ended before it told {text!r}:\n{self.log.read_text()[-3000:]}"
            return line

        return str(wait_until(found, f"{text!r} in\n{self.log}"))

    def ended(self) -> int:
        """Its exit status, waited for."""
        return self.process.wait(PATIENCE)

    def stop(self) -> None:
        """SIGTERM, and it is gone when this returns."""
        self.process.terminate()
        self.ended()


class Children:
    """Starts services, and kills them all in the end. Stock ones are run by Nameko's own `run`, ours as `tradelane run` does it."""

    def __init__(self, broker: Settings, database: str, folder: Path) -> None:
        self.broker, self.database, self.folder = broker.broker, database, folder
        self.all: list[Child] = []

    def stock(self, service: str, *, wait: bool = True, **config: Any) -> Child:
        """A class of `stock/services.py`, running unless we do not wait. `config` is Nameko's."""
        settings = {"AMQP_URI": self.broker, "database": self.database, **config}
        return self._start(["tests.pitfalls.stock", service, json.dumps(settings)], {}, "services started" * wait)

    def ours(self, **environment: str) -> Child:
        """The service of `ours/`, running."""
        return self._start(["tests.pitfalls.ours"], {"BROKER": self.broker, "DATABASE": self.database, **environment}, "running: ")

    def _start(self, command: list[str], environment: Mapping[str, str], running: str) -> Child:
        child = Child(command, environment, self.folder / f"{len(self.all)}.log")
        self.all.append(child)
        child.wait_for(running)
        return child

    def stop(self) -> None:
        for child in self.all:
            child.process.kill()
            child.process.wait()
