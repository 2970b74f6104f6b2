"""A TCP proxy in a process of its own that can spoil what runs through it: connections are cut, delayed, or frozen so that neither end learns of it."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any


class Proxy:
    """The owner's side: `ports` are where each target may be reached through the proxy. Commands concern one target, by its name.

    A target that listens at several ports is met at each in turn, past those that refuse.
    """

    def __init__(self, targets: dict[str, list[int]]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.proxy", json.dumps(targets)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        self._lock = Lock()
        self.ports: dict[str, int] = self._answer()

    def cut(self, target: str, share: float, seed: int) -> int:
        """Reset this share of the connections; how many."""
        return self._ask("cut", target, share, seed)

    def delay(self, target: str, seconds: float) -> int:
        """Keep back all that is sent from now on for so long; 0 ends it."""
        return self._ask("delay", target, seconds)

    def freeze(self, target: str, share: float, seed: int) -> int:
        """Carry nothing over this share of the connections any more, and let them stand; new ones too where it is all of them."""
        return self._ask("freeze", target, share, seed)

    def thaw(self, target: str) -> int:
        """Carry everything again, what has waited first."""
        return self._ask("thaw", target)

    def stop(self) -> None:
        self._process.communicate()

    def _ask(self, *command: Any) -> int:
        with self._lock:
            assert self._process.stdin
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
            return int(self._answer())

    def _answer(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


class End(asyncio.Protocol):
    """One end of a connection through the proxy. What it sends goes to the other end, as the door says."""

    def __init__(self, door: Door, other: End | None = None) -> None:
        self.door, self.other = door, other
        self.transport: Any = None
        self.free_at = 0.0  # when what was sent last is handed on: nothing overtakes it

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        if self.other is None:  # a client: nothing is read before there is a server to hand it to
            transport.pause_reading()
            self.door.clients.add(self)
            self.door.loop.create_task(self._reach())
        elif not self.other.transport.is_closing():
            self.other.other = self
            self.door.settle(self.other)
        else:
            transport.abort()

    async def _reach(self) -> None:
        self.door.target.rotate()
        for port in tuple(self.door.target):
            with suppress(OSError):
                await self.door.loop.create_connection(lambda: End(self.door, self), "127.0.0.1", port)
                return
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        assert self.other  # nothing is read before it is there
        now = self.door.loop.time()
        self.free_at = max(now + self.door.delay, self.free_at + 1e-6)  # never two at the same time: they might swap places
        if self.free_at <= now:
            self.other.transport.write(data)
        else:
            self.door.loop.call_at(self.free_at, self.other.transport.write, data)

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.door.client_of(self) not in self.door.frozen:
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.door.clients.discard(self)
        self.door.frozen.discard(self)
        if self.other is not None:
            self.other.transport.close()


class Door:
    """A port of the proxy that leads to one target, with its connections (each known by its client's end) and what is wrong with them."""

    def __init__(self, target: list[int], loop: asyncio.AbstractEventLoop) -> None:
        self.target, self.loop = deque(target), loop
        self.clients: set[End] = set()
        self.frozen: set[End] = set()
        self.all_frozen = False
        self.delay = 0.0

    async def open(self) -> int:
        server = await self.loop.create_server(lambda: End(self), "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    def client_of(self, end: End) -> End | None:
        return end if end in self.clients else end.other

    def settle(self, client: End) -> None:
        """Let a connection run or stand, as the door has it."""
        if self.all_frozen:
            self.frozen.add(client)
        for end in (client, client.other):
            if end is not None:
                (end.transport.pause_reading if client in self.frozen else end.transport.resume_reading)()

    def do_cut(self, share: float, seed: int) -> int:
        chosen = self._choose(share, seed)
        for end in [end for client in chosen for end in (client, client.other) if end]:
            end.transport.abort()
        return len(chosen)

    def do_delay(self, seconds: float) -> int:
        self.delay = seconds
        return len(self.clients)

    def do_freeze(self, share: float, seed: int) -> int:
        chosen = self._choose(share, seed)
        self.all_frozen = share >= 1
        self.frozen.update(chosen)
        for client in chosen:
            self.settle(client)
        return len(chosen)

    def do_thaw(self) -> int:
        thawed, self.frozen, self.all_frozen = self.frozen, set(), False
        for client in thawed:
            self.settle(client)
        return len(thawed)

    def _choose(self, share: float, seed: int) -> list[End]:
        clients = sorted(self.clients, key=id)
        return random.Random(seed).sample(clients, round(len(clients) * share))


async def main(targets: dict[str, list[int]]) -> None:
    """Serves until standard input ends; each line of it is a command, answered by a line."""
    loop = asyncio.get_running_loop()
    doors = {name: Door(ports, loop) for name, ports in targets.items()}
    print(json.dumps({name: await door.open() for name, door in doors.items()}), flush=True)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        command, target, *arguments = json.loads(line)
        print(json.dumps(getattr(doors[target], f"do_{command}")(*arguments)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
