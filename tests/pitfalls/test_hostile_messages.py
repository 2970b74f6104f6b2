"""Messages that no well-meaning client sends: undecodable, unanswerable, forged, or in another encoding than JSON."""

from __future__ import annotations

import os
import pickle
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from shared.kit.actor import Actor
from shared.kit.clock import utc_now
from shared.platform import wire
from shared.platform.calls import actor_data
from tests.pitfalls.bus import Bus
from tests.pitfalls.children import Children, wait_until

HANDLED = "evt-shop-placed--stock.take"  # the stock handler's queue


class Command:
    """What runs a command wherever its pickle is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.write, (1, b"a stranger's code ran\n")


def test_stock_acknowledges_and_drops_an_event_that_it_cannot_decode(bus: Bus, children: Children) -> None:
    service = children.stock("Stock")
    bus.send("shop.events", "placed", b"not JSON")
    service.wait_for("Can't decode message body")
    service.stop()  # what was not acknowledged would be in the queue again
    assert bus.depth(HANDLED) == 0


def test_a_call_without_reply_to_brings_down_every_stock_instance_that_gets_it(bus: Bus, children: Children) -> None:
    first = children.stock("Stock")
    bus.send("nameko-rpc", "stock.work", b'{"args": ["word"], "kwargs": {}}')
    assert first.ended() != 0
    second = children.stock("Stock", wait=False)  # gets it while it starts: it may end, or stay and serve nobody
    for each in (first, second):
        each.wait_for("KeyError: 'reply_to'")
    assert bus.answer(bus.ask_stock("work", "word"), 2) is None


def test_a_stranger_may_say_to_stock_who_is_asking(bus: Bus, children: Children) -> None:
    children.stock("Stock")
    assert bus.result(bus.ask_stock("who", **{"nameko.user_id": "administrator"})) == "administrator"


def test_ours_takes_the_actor_from_the_command_alone(bus: Bus, children: Children) -> None:
    children.ours()
    forged = {"nameko.user_id": "administrator", "user_id": "administrator", "actor": "administrator"}
    assert bus.result(bus.ask("who", forged)) == {"value": None}
    actor = actor_data(Actor("a buyer", frozenset({"buyer"})))
    assert bus.result(bus.ask("who", forged, actor)) == {"value": "a buyer"}


def test_stock_answers_in_json_with_private_tags(bus: Bus, children: Children) -> None:
    children.stock("Stock")
    assert bus.result(bus.ask_stock("price")) == {"amount": {"__type__": "decimal", "__value__": "12.30"}}


@pytest.mark.parametrize("value", [Decimal("12.30"), utc_now(), b"bytes", {1, 2}, float("nan")])
def test_ours_writes_nothing_but_plain_json(value: Decimal | datetime | bytes | set[int] | float) -> None:
    with pytest.raises((TypeError, ValueError)):
        wire.encode({"value": value})


def test_stock_that_accepts_pickle_runs_a_strangers_code(bus: Bus, children: Children) -> None:
    service = children.stock("Stock", ACCEPT=["json", "pickle"])
    bus.send("shop.events", "placed", pickle.dumps(Command()), content_type="application/x-python-serialize")
    service.wait_for("a stranger's code ran")


def test_ours_does_not_read_pickle(bus: Bus, children: Children) -> None:
    service = children.ours()
    body = pickle.dumps(Command())
    bus.send("", "catalog.rpc", body, {"operation": "work"}, reply_to=bus.queue, content_type="application/x-python-serialize")
    bus.send("orders.events", "orders.order_placed.v1", body, {"ce-id": "1"}, content_type="application/x-python-serialize")
    wait_until(lambda: bus.depth("catalog.dead") == 1, "the event is among the dead letters")
    assert bus.result(bus.ask("work", word="sound")) == {"value": "sound"}
    assert not service.count("a stranger's code ran")
