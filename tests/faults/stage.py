"""What can be broken, and the register of what breaks it: which fault comes when, and which of them are at work at a time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from kombu import Connection

from tests.builders.provider import ProviderProcess
from tests.faults.fleet import Fleet
from tests.faults.proxy import Proxy
from tests.faults.servers import Server
from tests.faults.tally import Tally
from tests.faults.web import Account, Web

BROKER, DATABASE, PROVIDER = "broker", "database", "provider"


@dataclass
class Stage:
    """All that can be broken. `bus` is the broker's own address, past the proxy; `pace` scales how long faults last."""

    servers: dict[str, Server]
    provider: ProviderProcess
    proxy: Proxy
    fleet: Fleet
    tally: Tally
    bus: str
    web: Web
    operator: Account
    crowd: Callable[[float], None]
    pace: float
    locks: dict[str, Lock] = field(default_factory=lambda: {each: Lock() for each in (BROKER, DATABASE, PROVIDER)})

    def do(self, name: str, draw: random.Random) -> None:
        """The fault of this name, from its beginning to its end."""
        fault = FAULTS[name]
        with self.locks[fault.alone_at] if fault.alone_at else nullcontext():
            self.tally.fault(name, outage=fault.outage)
            try:
                fault.function(self, draw)
            except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on, and is not sound
                self.tally.trouble(f"the harness could not {name}: {error!r}")

    def last(self, shortest: float, longest: float, draw: random.Random) -> None:
        time.sleep(self.pace * draw.uniform(shortest, longest))

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """A confirming channel."""
        with Connection(self.bus) as connection:
            channel: Any = connection.channel()
            channel.confirm_select()
            yield channel


Breaks = Callable[[Stage, random.Random], None]


@dataclass(frozen=True)
class Fault:
    """`weight`: how often it comes. `alone_at`: the server or provider that no other fault of this sort may be at meanwhile. `outage`: whether it takes
    something away that must be recovered from."""

    function: Breaks
    weight: int
    alone_at: str
    outage: bool


FAULTS: dict[str, Fault] = {}
"""By name."""


def fault(weight: int, alone_at: str = "", *, outage: bool = True) -> Callable[[Breaks], Breaks]:
    def enter(function: Breaks) -> Breaks:
        FAULTS[function.__name__] = Fault(function, weight, alone_at, outage)
        return function

    return enter


def schedule(seed: str, number: int, kinds: Sequence[str]) -> list[tuple[str, random.Random]]:
    """So many faults of these kinds in turn, each with its own source of chance: first one of each, then as their weights have it."""
    draw = random.Random(f"{seed} faults")
    known = sorted(kinds)
    names = draw.sample(known, len(known))
    names += draw.choices(known, [FAULTS[name].weight for name in known], k=max(0, number - len(names)))
    return [(name, random.Random(f"{seed} fault {place} {name}")) for place, name in enumerate(names[:number])]
