"""Placing and reading orders over HTTP, beside a system of the same shape on stock Nameko, the ORM and marshmallow."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import requests
from kombu.connection import Connection
from sqlalchemy import create_engine, text

from bench.comparison import Comparison
from bench.lab import Lab, answers, member, supplier
from bench.load import Load, load, summary
from shared.platform.database import address
from shared.platform.settings import SERVICES
from tests.servers.processes import free_port
from tradelane.demo.trade_file import DEFAULT, load as read_trade

PEER = "trio: stock Nameko, ORM, marshmallow"
STOCK = 10**8
READ = 50
"""Orders that are read in turn."""
PATIENCE = 180
"""Seconds that a round's orders may take to be confirmed."""


@dataclass(frozen=True, slots=True)
class Subject:
    """`place` and `read` ask for so many seconds; `behind` counts the orders whose goods are not yet taken care of."""

    place: Callable[[float], Load]
    read: Callable[[float], Load]
    behind: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Placed:
    load: Load
    confirmed: float  # orders per second, until the last one's goods were taken care of


def measure(lab: Lab) -> list[Comparison]:
    """Requests per second from 20 connections. Ours is accepted when it is durable; what follows is waited for within the round, on both sides."""
    ours, trio = _ours(lab), _trio(lab)
    subjects = {"ours": ours, PEER: trio}
    for subject in subjects.values():
        _place(subject, 1)
    placed = lab.interleaved({name: partial(_place, subject, lab.seconds) for name, subject in subjects.items()})
    read = lab.interleaved({name: partial(subject.read, lab.seconds) for name, subject in subjects.items()})

    def compare(name: str, loads: dict[str, list[Load]], goal: float) -> Comparison:
        (own, own_detail), (peer, peer_detail) = (summary(each) for each in loads.values())
        return Comparison(name, own, peer, "req/s", goal, PEER, ours_detail=own_detail, peer_detail=peer_detail)

    ours_whole, trio_whole = (median(each.confirmed for each in rounds) for rounds in placed.values())
    return [
        compare("place an order", {name: [each.load for each in rounds] for name, rounds in placed.items()}, 2.5),
        Comparison("place, until confirmed", ours_whole, trio_whole, "orders/s", None, PEER),
        compare("read an order", read, 4.0),
    ]


def _place(subject: Subject, seconds: float) -> Placed:
    begun = time.monotonic()
    done = subject.place(seconds)
    while subject.behind():
        if time.monotonic() > begun + PATIENCE:
            raise RuntimeError(f"orders were not confirmed within {PATIENCE} s")
        time.sleep(0.1)
    return Placed(done, done.per_second * seconds / (time.monotonic() - begun))


def _ours(lab: Lab) -> Subject:
    environment = {"BROKER": lab.new_broker(), "DATABASE": lab.new_database(), "LOG_LEVEL": "WARNING", "TRADELANE_MODE": "production"}
    lab.command("migrate", environment=environment)
    lab.command("topology", "apply", environment=environment)
    url = f"http://127.0.0.1:{(port := free_port())}"
    for service in SERVICES:
        lab.python("-m", "tradelane", "run", service, environment=environment | {"HTTP_PORT": str(port)})
    lab.wait(partial(answers, f"{url}/readyz"))
    trade, buyer, seller = read_trade(DEFAULT), member(url, "buyer"), supplier(lab, environment, url)
    listed = [seller.post("/v1/products", product | {"stock": STOCK}) for product in trade.products]
    order = {"lines": [{"product_id": each["id"], "quantity": each["minimum_quantity"]} for each in listed], "terms": trade.terms}
    headers = {"Authorization": str(buyer.session.headers["Authorization"])}
    engine = create_engine(address(environment["DATABASE"]))

    def behind() -> int:
        if rejected := _count(engine, "SELECT count(*) FROM orders.orders WHERE state = 'rejected'"):
            raise RuntimeError(f"{rejected} orders were rejected")
        return _count(engine, "SELECT count(*) FROM orders.orders WHERE state = 'placing'")

    def read(seconds: float) -> Load:
        paths = [f"/v1/orders/{each['id']}" for each in buyer.get("/v1/orders", limit=READ)["items"]]
        return load(url, seconds, paths=paths, headers=headers)

    return Subject(lambda seconds: load(f"{url}/v1/orders", seconds, method="POST", headers=headers, body=order, unique="Idempotency-Key"), read, behind)


def _trio(lab: Lab) -> Subject:
    broker, port = lab.new_broker(), free_port()
    url, databases = f"http://127.0.0.1:{port}", {service: address(lab.new_database()) for service in ("products", "orders")}
    for service in ("products", "orders", "gateway"):
        settings = {"AMQP_URI": broker, "WEB_SERVER_ADDRESS": f"127.0.0.1:{port}"}
        if service in databases:
            settings["DATABASE"] = databases[service].render_as_string(hide_password=False)
        defined = [word for name, value in settings.items() for word in ("--define", f"{name}={value}")]
        ready = partial(_takes_calls, broker, service) if service in databases else None
        lab.python("-m", "nameko", "run", *defined, f"bench.peers.trio.{service}:Service", ready=ready)
    products = [{"id": f"product-{each}", "title": f"Product {each}", "price": "12.34", "in_stock": STOCK} for each in range(2)]
    for product in products:
        lab.wait(partial(_put, f"{url}/products", product))
    order = {"order_details": [{"product_id": each["id"], "price": each["price"], "quantity": 1} for each in products]}
    engines = {service: create_engine(database) for service, database in databases.items()}

    def behind() -> int:
        taken = _count(engines["products"], f"SELECT sum({STOCK} - in_stock) FROM products")
        return _count(engines["orders"], "SELECT count(*) FROM order_details") - taken

    def read(seconds: float) -> Load:
        return load(url, seconds, paths=[f"/orders/{number}" for number in range(1, READ + 1)])

    return Subject(lambda seconds: load(f"{url}/orders", seconds, method="POST", body=order), read, behind)


def _takes_calls(broker: str, service: str) -> None:
    """Raises until there is the queue of its calls: one that is made before waits for its answer for ever, and holds one of the gateway's workers."""
    with Connection(broker) as connection:
        channel: Any = connection.channel()
        channel.queue_declare(f"rpc-{service}", passive=True)


def _put(url: str, body: dict[str, Any]) -> None:
    requests.put(url, json=body, timeout=5).raise_for_status()


def _count(engine: Any, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())
