"""The whole system as it really runs: `tradelane up` as a child process, embedded or on real servers."""

from __future__ import annotations

import itertools
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests
from sqlalchemy import create_engine, text

from shared.platform.database import address
from tests.servers.processes import WITH_US, free_port
from tradelane.client import Client

START_TIMEOUT = 180

_numbers = itertools.count()


class System:
    """`url` is the gateway's. `start` and `stop` may be called in turn: the data stays."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.port = int(environment.get("HTTP_PORT", 0)) or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {"HTTP_PORT": str(self.port), "PYTHONWARNINGS": "ignore"} | environment
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*WITH_US, sys.executable, "-m", "tradelane", "up"], env=self.environment, stdout=log, stderr=log, process_group=0)
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if requests.get(f"{self.url}/readyz", timeout=5).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"the system did not become ready; its log:\n{self.log.read_text()[-8000:]}")

    def stop(self) -> int:
        """Stop it as Ctrl-C does; its exit status."""
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(signal.SIGINT)
        try:
            return process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise

    def operator(self) -> Client:
        """A session of an operator's account made for it."""
        return self.session("operator")

    def session(self, *roles: str) -> Client:
        """A signed-in session of a new account, verified, in any roles."""
        email, password = f"{roles[0]}.{secrets.token_hex(5)}@platform.example", secrets.token_urlsafe(16)
        facts = ["--name", f"A {roles[0]}", "--country", "CH", "--verified", *(word for role in roles for word in ("--role", role))]
        made = self.command("accounts", "create", email, *facts, ACCOUNT_PASSWORD=password)
        assert made.returncode == 0, made.stdout + made.stderr
        client = Client(self.url)
        client.sign_in(email, password)
        return client

    def command(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`tradelane` with these words, on this system's settings."""
        command = [sys.executable, "-m", "tradelane", *words]
        return subprocess.run(command, check=False, env=self.environment | environment, capture_output=True, text=True, timeout=120)


@contextmanager
def real_system(broker: str, management: str, database: str, folder: Path, **settings: str) -> Iterator[System]:
    """On a virtual host and a database of its own, both dropped afterwards."""
    name = f"journey_{os.getpid()}_{next(_numbers)}"
    engine = create_engine(address(database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    user = urlsplit(management).username
    requests.put(f"{management}/api/vhosts/{name}", json={}, timeout=30).raise_for_status()
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    requests.put(f"{management}/api/permissions/{name}/{user}", json=everything, timeout=30).raise_for_status()
    parts = urlsplit(broker)
    environment = {
        "BROKER": f"{parts.scheme}://{parts.netloc}/{name}",
        "BROKER_MANAGEMENT": management,
        "DATABASE": address(database).set(drivername="postgresql", database=name).render_as_string(hide_password=False),
        "DATA": str(folder),
    }
    system = System(environment | settings, folder / "system.log")
    try:
        system.start()
        yield system
    finally:
        system.stop()
        requests.delete(f"{management}/api/vhosts/{name}", timeout=30)
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()


@contextmanager
def embedded_system(folder: Path, **settings: str) -> Iterator[System]:
    system = System({"DATA": str(folder / "data"), "BROKER": "memory://", "DATABASE": ""} | settings, folder / "system.log")
    try:
        system.start()
        yield system
    finally:
        system.stop()
