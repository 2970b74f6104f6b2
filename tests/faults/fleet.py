"""Replicas of every service as real processes: killed, frozen, armed with a crash point, and started again whenever one has ended."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from shared.platform.crashpoints import POINTS
from shared.platform.settings import SERVICES, UNLIMITED
from tests.faults.tally import Tally
from tests.servers.processes import free_port

_STOP_SECONDS = 30
_START_SECONDS = 90


class Replica:
    """One process of a service. Whoever ends it says how; an end that nobody meant is a trouble."""

    def __init__(self, service: str, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.service, self.name, self.log = service, name, log
        self.port = free_port() if service == "gateway" else 0
        self._command = [*command, "run", service]
        self._environment = {**os.environ, **UNLIMITED, **environment, "PYTHONWARNINGS": "ignore", **({"HTTP_PORT": str(self.port)} if self.port else {})}
        self.crash_point = ""  # that the next process is armed with
        self.start()

    def start(self) -> None:
        self.meant, armed = self.crash_point.partition(":")[0], {"CRASH_POINT": self.crash_point}
        self._begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environment | armed, stdout=log, stderr=log, start_new_session=True)
        self.crash_point = ""

    @property
    def running(self) -> bool:
        """Whether it has said so."""
        with self.log.open("rb") as log:
            log.seek(self._begin)
            return self.process.poll() is None and b"running: " in log.read()

    def kill(self, how: str) -> None:
        self.meant = how
        self.process.kill()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


class Fleet:
    """All replicas, watched by a thread that starts again what has ended."""

    def __init__(self, replicas: int, command: Sequence[str], environment: Mapping[str, str], folder: Path, tally: Tally) -> None:
        self.tally = tally
        self.replicas = [
            Replica(service, f"{service}-{number}", command, environment, folder / f"{service}-{number}.log")
            for service, number in itertools.product(SERVICES, range(1, replicas + 1))
        ]
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="fleet")
        self._watcher.start()

    @property
    def gateways(self) -> list[str]:
        return [f"http://127.0.0.1:{replica.port}" for replica in self.replicas if replica.port]

    def choose(self, draw: random.Random, without: str = "") -> Replica:
        return draw.choice([replica for replica in self.replicas if replica.service != without])

    def of(self, service: str) -> list[Replica]:
        return [replica for replica in self.replicas if replica.service == service]

    def wait_until_running(self) -> None:
        """All of them are there and every gateway finds the system ready; RuntimeError where that takes too long."""
        deadline = time.monotonic() + _START_SECONDS
        while not (all(replica.running for replica in self.replicas) and all(_ready(url) for url in self.gateways)):
            if time.monotonic() > deadline:
                raise RuntimeError(f"not running: {', '.join(replica.name for replica in self.replicas if not replica.running) or 'ready'}")
            time.sleep(0.1)

    def restart(self, replica: Replica) -> None:
        """In order: SIGTERM, and back when its successor runs."""
        process, replica.meant = replica.process, "SIGTERM"
        replica.signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.tally.trouble(f"{replica.service} did not stop in {_STOP_SECONDS} s")
            process.kill()
        deadline = time.monotonic() + _START_SECONDS
        while (replica.process is process or not replica.running) and time.monotonic() < deadline:
            time.sleep(0.1)

    def disarm(self) -> None:
        """Every process that is armed or frozen is killed, so that it comes back sound."""
        for replica in self.replicas:
            replica.signal(signal.SIGCONT)
            if replica.meant:
                replica.kill("disarmed")

    def stop(self) -> None:
        self._stopping.set()
        self._watcher.join()
        for replica in self.replicas:
            replica.signal(signal.SIGCONT)
            replica.signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for replica in self.replicas:
            try:
                replica.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                replica.process.kill()
                replica.process.wait()

    def _watch(self) -> None:
        while not self._stopping.wait(0.05):
            for replica in self.replicas:
                status = replica.process.poll()
                if status is not None:
                    self._ended(replica, status)
                    replica.start()

    def _ended(self, replica: Replica, status: int) -> None:
        if status == -signal.SIGKILL and replica.meant:
            self.tally.killed(replica.meant)
            if replica.meant in POINTS:
                self.tally.fault(replica.meant, outage=True)
        elif not (replica.meant == "SIGTERM" and status in (0, -signal.SIGTERM)):  # the latter where it had only just begun
            self.tally.trouble(f"{replica.service} ended by itself with status {status}")


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False
