"""The real system with 1, 2 and 4 replicas of each service: orders placed, every one once; and how soon another replica relays when one is killed."""

from __future__ import annotations

import itertools
import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import mean, median
from typing import Any

import requests
from sqlalchemy import Engine, create_engine, text

from bench.comparison import Comparison
from bench.lab import Lab, answers, member, supplier
from bench.load import CONNECTIONS, Load, load, summary
from shared.kit.ids import new_id
from shared.platform.database import address
from shared.platform.relay import LEASE, SETTLED
from shared.platform.topology import SUBSCRIPTIONS
from tests.servers.processes import free_port
from tradelane.demo.trade import Json
from tradelane.demo.trade_file import load as read_trade

REPLICAS = (1, 2, 4)
GATEWAYS = 2
"""At most: they hardly wait for anybody, and the load is two of them on one machine."""
KILLS = 5
WARM_UP = 10
"""Orders through each gateway before any is counted."""
PATIENCE = 60
STOCK = 10**9

COUNTS = text("""
    SELECT (SELECT count(*) FROM orders.orders) AS orders,
           (SELECT count(*) FROM orders.orders WHERE state = 'awaiting_payment' AND awaiting = '[]') AS confirmed,
           (SELECT count(*) FROM orders.commands) AS commands,
           (SELECT count(*) FROM catalog.reservations WHERE state = 'reserved') AS reservations,
           (SELECT count(*) FROM logistics.shipments) AS shipments,
           (SELECT sum(reserved) FROM catalog.products) AS reserved
""")


class Fleet:
    """The replicas of every service, more of them from time to time; gateways' addresses in `urls`."""

    def __init__(self, lab: Lab, environment: dict[str, str]) -> None:
        self._lab, self._environment = lab, environment
        self.urls: list[str] = []
        self.replicas: dict[str, list[subprocess.Popen[bytes]]] = {service: [] for service in SUBSCRIPTIONS}

    def grow(self, count: int) -> None:
        """So many replicas of each service, all of them at work."""
        started = [self.start(service) for service, replicas in self.replicas.items() for _ in range(count - len(replicas))]
        for _ in range(min(count, GATEWAYS) - len(self.urls)):
            port = free_port()
            self.urls.append(f"http://127.0.0.1:{port}")
            own = self._environment | {"HTTP_PORT": str(port)}
            self._lab.python("-m", "tradelane", "run", "gateway", environment=own, ready=partial(answers, f"{self.urls[-1]}/readyz"))
        for ready in started:
            self._lab.wait(ready)

    def start(self, service: str) -> Any:
        """One more replica; what comes back raises until it is at work."""
        port = str(free_port())
        own = self._environment | {"METRICS_PORT": port}
        self.replicas[service].append(self._lab.python("-m", "tradelane", "run", service, environment=own))
        return partial(answers, f"http://127.0.0.1:{port}/metrics")


def measure(lab: Lab) -> list[Comparison]:
    """Told only: on two processors more replicas show that they get along, not what they would do on machines of their own."""
    environment = {"BROKER": lab.new_broker(), "DATABASE": lab.new_database(), "LOG_LEVEL": "WARNING"}
    lab.command("migrate", environment=environment)
    lab.command("topology", "apply", environment=environment)
    fleet = Fleet(lab, environment)
    engine = create_engine(address(environment["DATABASE"]))
    fleet.grow(1)
    buy, placed = _order(lab, environment, fleet.urls[0]), dict[int, list[Load]]()
    _warm_up(fleet.urls, buy)
    time.sleep(2 * SETTLED)  # what the relays' first connections sent is sent once more by then, and known everywhere
    for count in REPLICAS:
        lab.tell(f"{count} of each service")
        fleet.grow(count)
        _warm_up(fleet.urls, buy)
        ((_, placed[count]),) = lab.interleaved({f"{count} of each": partial(_place, fleet.urls, buy, lab.seconds)}).items()
    lab.tell("is every order there, once?")
    _check(engine, acknowledged=sum(each.requests for loads in placed.values() for each in loads), quantity=buy["body"]["lines"][0]["quantity"])
    takeovers = _takeovers(lab, engine, fleet)
    engine.dispose()
    return [*_growth(placed), *_told(takeovers)]


def _order(lab: Lab, environment: dict[str, str], url: str) -> dict[str, Any]:
    """What `load` needs to buy a product, and to wait for stock and channel: only then is an order placed."""
    trade = read_trade("coffee-cif-sea")
    product = supplier(lab, environment, url).post("/v1/products", trade.products[0] | {"stock": STOCK})
    body: Json = {"lines": [{"product_id": product["id"], "quantity": product["minimum_quantity"]}], "terms": trade.terms}
    headers = {"Authorization": str(member(url, "buyer").session.headers["Authorization"]), "Prefer": "wait=5"}
    return {"method": "POST", "headers": headers, "body": body, "unique": "Idempotency-Key"}


def _warm_up(urls: list[str], buy: dict[str, Any]) -> None:
    for url, _ in itertools.product(urls, range(WARM_UP)):
        requests.post(f"{url}/v1/orders", json=buy["body"], headers=buy["headers"] | {buy["unique"]: new_id()}, timeout=60).raise_for_status()


def _place(urls: list[str], buy: dict[str, Any], seconds: float) -> Load:
    """All gateways at once, their share of the connections each."""
    with ThreadPoolExecutor(len(urls)) as pool:
        loads = list(pool.map(lambda url: load(f"{url}/v1/orders", seconds, connections=CONNECTIONS // len(urls), **buy), urls))
    return Load(sum(each.requests for each in loads), sum(each.per_second for each in loads), mean(each.p50 for each in loads), max(each.p99 for each in loads))


def _check(engine: Engine, acknowledged: int, quantity: int) -> None:
    """RuntimeError unless every command made one order, and every order has its goods and its shipment once."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with engine.connect() as connection:
            found = connection.execute(COUNTS).one()
        once = {found.orders, found.confirmed, found.commands, found.reservations, found.shipments, found.reserved / quantity}
        if once == {found.orders} and found.orders >= acknowledged:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"{acknowledged} orders were acknowledged; found: {found._asdict()}")
        time.sleep(0.5)


def _takeovers(lab: Lab, engine: Engine, fleet: Fleet) -> list[float]:
    """Seconds from the death of the replica that relays orders' events until another has the lease."""
    seconds = []
    for number in range(1, KILLS + 1):
        lab.tell(f"killing the relay {number}/{KILLS}")
        time.sleep(random.uniform(0, LEASE.total_seconds() / 2))  # noqa: S311  (any moment between two renewals)
        holder = _holder(engine)
        process = next(each for each in fleet.replicas["orders"] if f"pid {each.pid} " in holder)
        killed = time.monotonic()
        process.kill()
        while _holder(engine) == holder:
            if time.monotonic() > killed + PATIENCE:
                raise RuntimeError(f"nobody relays {PATIENCE} s after {holder} was killed")
            time.sleep(0.02)
        seconds.append(time.monotonic() - killed)
        fleet.replicas["orders"].remove(process)
        lab.wait(fleet.start("orders"))
    return seconds


def _holder(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT holder FROM orders.leases WHERE name = 'relay'")).scalar_one())


def _growth(placed: dict[int, list[Load]]) -> list[Comparison]:
    figures = {count: summary(loads) for count, loads in placed.items()}
    first, *more = figures
    (alone, alone_detail), told = figures[first], []
    for count in more:
        rate, detail = figures[count]
        told.append(Comparison(f"orders placed: {count} replicas", rate, alone, "orders/s", None, "1 replica", ours_detail=detail, peer_detail=alone_detail))
    return told


def _told(takeovers: list[float]) -> list[Comparison]:
    lease = LEASE.total_seconds()
    named = {"p50": median(takeovers), "longest": max(takeovers)}
    return [Comparison(f"relay taken over: {name}", seconds, lease, "s", None, "the lease", better="lower") for name, seconds in named.items()]
