"""What an attacker has: sockets from any loopback address, bytes of his own making, patience; and the honest client who is answered meanwhile."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import requests

HOST = b"Host: gateway\r\n"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        read: dict[str, Any] = json.loads(self.body)
        return read


@dataclass
class Attacker:
    """`source` is the address that he comes from."""

    port: int
    source: str = "127.0.0.66"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 30, (self.source, 0))

    @contextmanager
    def crowd(self, size: int) -> Iterator[list[socket.socket]]:
        """So many connections at once."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.connect()) for _ in range(size)]

    def send(self, *raw: bytes, pause: float = 0.0, half: bool = False) -> bytes:
        """All that comes back on a connection of its own until it is closed, or nothing more comes for some seconds."""
        with self.connect() as connection:
            with suppress(ConnectionError):  # refused before all was said
                for each in raw:
                    connection.sendall(each)
                    time.sleep(pause)
                if half:
                    connection.shutdown(socket.SHUT_WR)
            return everything(connection)

    def ask(self, raw: bytes) -> Answer:
        """The one answer to one request."""
        (answer,) = answers(self.send(raw))
        return answer


def everything(connection: socket.socket) -> bytes:
    received = b""
    with suppress(TimeoutError, ConnectionResetError):
        while data := connection.recv(1 << 16):
            received += data
    return received


def answers(received: bytes) -> list[Answer]:
    """Each answer in what came, by its length: a wrong one is found."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        named = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        assert re.fullmatch(r"HTTP/1.1 \d{3} .+", first), received[:200]
        length = int(named.get("content-length", 0))
        found.append(Answer(int(first.split()[1]), named, rest[:length]))
        received = rest[length:]
    return found


@dataclass
class Honest(threading.Thread):
    """Asks for an account again and again, each time on a new connection, and is to get it each time, within `PATIENCE` seconds."""

    url: str
    token: str
    failures: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    PATIENCE = 20.0

    __hash__ = threading.Thread.__hash__

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.05):
            started = time.monotonic()
            try:
                headers = {"Authorization": f"Bearer {self.token}", "Connection": "close"}
                answer = requests.get(f"{self.url}/v1/me", headers=headers, timeout=self.PATIENCE)
                if answer.status_code != 200:
                    self.failures.append(f"{answer.status_code} {answer.text}")
            except requests.RequestException as error:
                self.failures.append(repr(error))
            self.times.append(time.monotonic() - started)

    def stop(self) -> None:
        self.ended.set()
        self.join()
