"""The system a demonstration runs in: one that is there already, or one started as a child process and stopped again."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from tradelane.client import Client

START_SECONDS = 120.0
STOP_SECONDS = 120.0
"""Six services may drain one after another."""

_COMMAND = (sys.executable, "-m", "tradelane")


class SystemFailure(Exception):
    """The system does not start, or is not one that can be worked with."""


@dataclass(frozen=True, slots=True)
class System:
    """A running system. An operator's address and password are given, or the account is made where `environment`, the system's own, is known."""

    url: str
    operator_email: str = ""
    operator_password: str = field(default="", repr=False)
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    mails: Path | None = None  # where those that it sends can be read

    def operator(self) -> Client:
        """An operator's session. Raises SystemFailure where there is no way to have one."""
        email, password = self.operator_email, self.operator_password
        if self.environment is not None:
            email, password = f"operator.{secrets.token_hex(5)}@platform.example", secrets.token_urlsafe(16)
            self._create_operator(email, password, self.environment)
        elif not email:
            raise SystemFailure("An operator is needed to verify the supplier: give --operator and OPERATOR_PASSWORD.")
        client = Client(self.url)
        client.sign_in(email, password)
        return client

    def _create_operator(self, email: str, password: str, environment: Mapping[str, str]) -> None:
        command = [*_COMMAND, "accounts", "create", email, "--role", "operator", "--name", "Operator of the demonstration", "--country", "CH"]
        made = subprocess.run(command, env=environment, input=password, text=True, capture_output=True, check=False)
        if made.returncode:
            raise SystemFailure(f"The operator's account could not be made: {made.stderr.strip() or made.stdout.strip()}")


@contextmanager
def started(log: Path) -> Iterator[System]:
    """A system of its own in a child process, which inherits the environment: its data lie where DATA says, or in a folder that goes with it.

    Yields once it is ready; stops it however the block ends. What it logs goes to the file `log`, and its mails to a folder beside that, unless MAIL_URL says where.
    """
    with TemporaryDirectory(prefix="tradelane-") as folder:
        port = _free_port()
        mails = None if os.environ.get("MAIL_URL") else (log.parent / "mail").absolute()
        environment = {"DATA": folder} | os.environ | {"HTTP_HOST": "127.0.0.1", "HTTP_PORT": str(port)} | ({"MAIL_URL": str(mails)} if mails else {})
        log.parent.mkdir(parents=True, exist_ok=True)
        if mails:
            shutil.rmtree(mails, ignore_errors=True)  # those of the last one
        with log.open("w") as output:
            # A session of its own: Ctrl-C reaches this process alone, which then stops the system in order.
            process = subprocess.Popen([*_COMMAND, "up"], env=environment, stdout=output, stderr=output, start_new_session=True)
        try:
            system = System(f"http://127.0.0.1:{port}", environment=environment, mails=mails)
            _wait_until_ready(system, process, log)
            yield system
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def check(system: System) -> None:
    """SystemFailure where it does not answer, or is not ready."""
    try:
        answer = requests.get(f"{system.url}/readyz", timeout=10)
    except requests.RequestException as error:
        raise SystemFailure(f"No system answers at {system.url}.") from error
    if not answer.ok:
        raise SystemFailure(f"The system at {system.url} is not ready: {answer.text}")


def _wait_until_ready(system: System, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None:
        try:
            return check(system)
        except SystemFailure as failure:
            if time.monotonic() > deadline:
                raise SystemFailure(f"{failure} That is {START_SECONDS:g} s after its start; see {log}.") from failure
        time.sleep(0.1)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    raise SystemFailure(f"The system ended as it started, with status {process.returncode}:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
