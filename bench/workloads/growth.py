"""What a million orders cost: the slowest of what people do with orders, beside the same with ten thousand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

from bench.bulk import buyer, order_id, unpaid, write_orders
from bench.calls import Asked, Bus, Calls, bus
from bench.comparison import Comparison, Detail
from bench.lab import Lab
from bench.workloads.transitions import pay
from shared.contracts.operations import Operation
from shared.contracts.orders import ACT_ON_ORDER, GET_ORDER, LIST_ORDERS
from shared.kit.actor import Actor
from shared.kit.ids import new_id

SMALL, LARGE = 10_000, 1_000_000
CALLS, IN_FLIGHT = 1_000, 2
"""A turn's: enough for a 99th percentile, and few at a time, since it is their time that counts and not how many get through."""
PAGE = 20

OPERATOR = Actor(new_id(), frozenset({"operator"}), "Desk")


def measure(lab: Lab) -> list[Comparison]:
    """The 99th percentile over RPC, each size with its own database and its own process of the orders service."""
    sizes = {f"{count:,} orders": _actions(lab.enter(bus(_start(lab, count))), count) for count in (SMALL, LARGE)}
    told = []
    for action in next(iter(sizes.values())):
        subjects: dict[str, Callable[[], Calls]] = {f"{action}, {size}": actions[action] for size, actions in sizes.items()}
        for warm in subjects.values():
            warm()
        small, large = lab.interleaved(subjects).values()
        (ours, detail), (peer, peer_detail) = _summary(large), _summary(small)
        told.append(Comparison(f"{LARGE:,} orders: {action}", ours, peer, "ms, p99", 1.5, f"{SMALL:,} orders", "lower", detail, peer_detail))
    return told


def _start(lab: Lab, count: int) -> str:
    """The broker behind which the service works on so many orders."""
    settings = {"BROKER": lab.new_broker(), "DATABASE": lab.new_database(), "LOG_LEVEL": "WARNING", "TRADELANE_MODE": "production"}
    lab.command("topology", "apply", environment=settings)
    lab.command("migrate", "orders", environment=settings)
    lab.tell(f"writing {count:,} orders")
    write_orders(settings["DATABASE"], count)
    lab.python("-m", "tradelane", "run", "orders", environment=settings)
    return settings["BROKER"]


def _actions(calls: Bus, count: int) -> dict[str, Callable[[], Calls]]:
    """What is measured, by name: a turn of each."""
    actor = buyer(0)
    listed = {"limit": PAGE, "role": "buyer"}
    mine = [number for number in range(count) if buyer(number) == actor]
    return {
        "an order": partial(_turn, calls, GET_ORDER, ((actor, {"id": order_id(number)}) for number in _spread(mine))),
        "first page": partial(_turn, calls, LIST_ORDERS, _again(actor, listed)),
        "page far behind": partial(_turn, calls, LIST_ORDERS, _again(actor, listed | {"cursor": _far_behind(calls, actor)})),
        "filtered": partial(_turn, calls, LIST_ORDERS, _again(actor, listed | {"state": "cancelled", "period": "current_month"})),
        "all, by state": partial(_turn, calls, LIST_ORDERS, _again(OPERATOR, {"limit": PAGE, "state": "rejected"})),
        "a transition": partial(_turn, calls, ACT_ON_ORDER, pay(calls, unpaid(count))),
    }


def _turn(calls: Bus, operation: Operation, asked: Iterator[Asked]) -> Calls:
    return calls.call(operation, islice(asked, CALLS), IN_FLIGHT)


def _again(actor: Actor, data: dict[str, Any]) -> Iterator[Asked]:
    while True:
        yield actor, data


def _spread(numbers: list[int]) -> Iterator[int]:
    """Orders from all over the table, for ever."""
    step = 7919  # a prime, so that it meets them all
    place = 0
    while True:
        yield numbers[place % len(numbers)]
        place += step


def _far_behind(calls: Bus, actor: Actor) -> str:
    """The cursor of one of the last pages, found by walking there."""
    cursor: dict[str, str] = {}
    while True:
        page = calls.call(LIST_ORDERS, [(actor, {"limit": 100, "role": "buyer", **cursor})]).answer
        if page["next"] is None:
            return cursor["cursor"]
        cursor = {"cursor": page["next"]}


def _summary(rounds: list[Calls]) -> tuple[float, Detail]:
    detail = Detail(median(each.percentile(0.5) for each in rounds), median(each.percentile(0.99) for each in rounds))
    return detail.p99, detail
