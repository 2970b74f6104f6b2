"""A quote inside the logistics service, on tariffs as big as carriers' rate cards: ten of 200 zones with 50 weight breaks each, in PostgreSQL."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import date
from functools import partial
from statistics import median
from typing import Any

from sqlalchemy import Engine

from bench.comparison import Comparison, Detail
from bench.lab import Lab
from services.logistics.application.channel_list import CHANNELS
from services.logistics.application.quotes import quote
from services.logistics.application.tariffs import add
from services.logistics.domain.tariff import Break, Surcharge, Tariff, Zone
from shared.contracts.dumping import dump
from shared.contracts.fields import COUNTRIES
from shared.contracts.quotes import QUOTE
from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.kit.ids import new_id
from shared.platform import wire
from shared.platform.calls import actor_data
from shared.platform.database import make_engine, run
from shared.platform.rpc import read_call
from shared.platform.settings import read

CARRIERS, ZONES, BREAKS = 10, 200, 50
LIMIT = 5.0
"""Milliseconds for the slowest of a hundred quotes, at the most."""

BIG = [code for code, channel in CHANNELS.items() if channel.destinations is None and channel.heaviest_package_kg >= 30][:CARRIERS]
COUNTRY_OF = sorted(COUNTRIES)[:ZONES]


def measure(lab: Lab) -> list[Comparison]:
    """From the call's bytes to the answer's: read, checked, priced by every channel, dumped. The tariffs are in memory, whether they still count is asked each time."""
    database = lab.new_database()
    lab.command("migrate", "logistics", environment={"DATABASE": database, "BROKER": "amqp://nobody.example"})
    engine = make_engine("logistics", replace(read(), database=database, overrides={}))
    for number, channel in enumerate(BIG):
        tariff = _tariff(channel, number, utc_now().date())
        run(engine, partial(add, tariff=tariff, by="bench"))
    chance = random.Random(7)  # noqa: S311 - the same questions in every run
    begun = time.perf_counter()
    _answer(engine, _asked(chance))
    lab.tell(f"the first quote, which reads {CARRIERS * ZONES * BREAKS:,} weight breaks: {time.perf_counter() - begun:.1f} s")
    rounds = lab.interleaved({"quotes": lambda: _times(engine, chance, lab.seconds)})["quotes"]
    engine.dispose()
    told = Detail(median(_percentile(each, 0.5) for each in rounds), median(_percentile(each, 0.99) for each in rounds))
    return [Comparison("quote, p99", told.p99, LIMIT, "ms", 1.0, "the limit", better="lower", ours_detail=told)]


def _times(engine: Engine, chance: random.Random, seconds: float) -> list[float]:
    """Milliseconds of each quote, one after the other."""
    times = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        asked = _asked(chance)
        begun = time.perf_counter()
        answer = _answer(engine, asked)
        times.append((time.perf_counter() - begun) * 1000)
        _check(answer)
    return times


def _answer(engine: Engine, asked: bytes) -> bytes:
    """As the service does it for each call."""
    call = read_call(QUOTE, wire.decode(asked))
    answer, _ = run(engine, lambda tx: quote(tx, call))
    return wire.encode({"result": dump(QUOTE.answer, answer)})


def _asked(chance: random.Random) -> bytes:
    """Some cartons to some country."""
    sides: dict[str, Any] = {f"{side}_cm": str(chance.randint(10, 45)) for side in ("length", "width", "height")}
    cartons = [{"count": chance.randint(1, 2), **sides, "weight_kg": str(chance.randint(1, 6_000) / 1000)} for _ in range(2)]
    actor = actor_data(Actor(new_id(), frozenset({"buyer"}), "A Buyer"))
    return wire.encode({"actor": actor, "data": {"destination": {"country": chance.choice(COUNTRY_OF)}, "packages": cartons}})


def _check(answer: bytes) -> None:
    """RuntimeError unless every one of the big tariffs made a price."""
    priced = {item["channel"] for item in wire.decode(answer)["result"]["items"]}
    if missing := set(BIG) - priced:
        raise RuntimeError(f"no price by {', '.join(sorted(missing))}")


def _tariff(channel: str, number: int, today: date) -> Tariff:
    """Breaks at every half kilogram up to 24.5 kg, then by the kilogram as far as the channel goes; each zone dearer than the one before."""
    heaviest = int(CHANNELS[channel].heaviest_kg * 1000)
    zones = []
    for zone, country in enumerate(COUNTRY_OF):
        first = 1000 + 10 * zone + number
        breaks = [Break(500 * step, first + 200 * step) for step in range(1, BREAKS)]
        zones.append(Zone(f"zone {zone:03}", frozenset({country}), (*breaks, Break(heaviest, 400 + zone, 1000))))
    surcharges = (Surcharge("Fuel", "percent", 1850), Surcharge("Remote area", "fixed", 2500, areas=frozenset({"GB-HS", "NO-9"})))
    return Tariff(channel, "USD", today, None, tuple(zones), surcharges, step_g=500)


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]
