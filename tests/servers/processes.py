"""Processes and folders of our own: started as an unprivileged user, ended with all their children, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import ServerUnavailable

WITH_US = ("setpriv", "--pdeathsig", "TERM")
"""Before a command: it ends when the thread that started it does, however that ends."""


def say(message: str) -> None:
    """Tells the person at the terminal; standard output belongs to the address."""
    print(f"test servers: {message}", file=sys.stderr, flush=True)


def free_port() -> int:
    """A loopback port nobody listens on. Below the range outgoing connections take theirs from, so that none takes it meanwhile."""
    for port in random.sample(range(15_000, 30_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerUnavailable("found no free port between 15000 and 30000")


@dataclass(frozen=True)
class Home:
    """A temporary folder and the account whose processes live in it: root's servers run as someone who is not root."""

    path: Path
    account: str | None

    def write(self, name: str, text: str = "") -> Path:
        """A file in the folder, readable by the account only."""
        file = self.path / name
        file.touch(mode=0o600)
        file.write_text(text)
        if self.account:
            shutil.chown(file, self.account)
        return file

    def command(self, arguments: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Starts a command as the account, in a process group of its own, its output going to `log` in the folder."""
        group = pwd.getpwnam(self.account).pw_gid if self.account else None
        with (self.path / "log").open("ab") as log:
            return subprocess.Popen(
                arguments,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.path)} | dict(environment or {}),
                cwd=self.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.account,
                group=group,
                extra_groups=[] if self.account else None,
                start_new_session=True,
            )

    def run(self, arguments: Sequence[str | Path], seconds: float = 120) -> None:
        """Runs a command to its end; ServerUnavailable, with its output, where it fails."""
        command = self.command(arguments)
        if command.wait(seconds):
            raise ServerUnavailable(f"{arguments[0]} failed:\n{self.last_words()}")

    @contextmanager
    def running(
        self, arguments: Sequence[str | Path], environment: Mapping[str, str] | None = None, stop: signal.Signals = signal.SIGKILL
    ) -> Iterator[subprocess.Popen[bytes]]:
        """The command running through the block, ended after it by the signal `stop`, with what it started, or killed 10 s later."""
        command = self.command(arguments, environment)
        try:
            yield command
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                _signal(command, stop)
                command.wait(10)
            _signal(command, signal.SIGKILL)
            command.wait(10)

    def last_words(self) -> str:
        """The end of the log, for an error message."""
        return (self.path / "log").read_text(errors="replace")[-3000:]

    def wait_for(self, what: str, process: subprocess.Popen[bytes], answers: Callable[[], object], seconds: float = 90) -> None:
        """Returns once `answers` no longer raises; ServerUnavailable, with the log's end, where the process ends or time runs out."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                answers()
            except Exception as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise ServerUnavailable(f"{what} did not come up ({error}):\n{self.last_words()}") from error
                time.sleep(0.1)
            else:
                return


@contextmanager
def home(name: str) -> Iterator[Home]:
    """A folder for one server, owned by the account it runs as: the caller's own, or for root the server's, or nobody's."""
    account = _account(name) if os.geteuid() == 0 else None
    path = Path(tempfile.mkdtemp(prefix=f"tradelane-{name}-"))
    try:
        if account:
            shutil.chown(path, account)
        yield Home(path, account)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _account(server: str) -> str:
    for name in ({"postgresql": "postgres"}.get(server, server), "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise ServerUnavailable("there is no unprivileged account to run a server as")


def _signal(command: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # The group outlives its leader where a child does, so it is signalled even after the leader's end.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(command.pid, number)
