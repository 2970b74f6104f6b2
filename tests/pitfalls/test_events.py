"""Events whose handler fails, and events nobody is there for."""

from __future__ import annotations

import json

from sqlalchemy import select

from shared.platform.records import inbox
from tests.builders.database import TestDatabase
from tests.pitfalls.bus import Bus
from tests.pitfalls.children import Children, wait_until

HANDLED = "evt-shop-placed--stock.take"
MANY = 300


def test_an_event_that_no_stock_service_handles_yet_vanishes_and_its_sender_is_told_nothing(bus: Bus, children: Children) -> None:
    children.stock("Stock")
    assert bus.result(bus.ask_stock("emit", "unseen")) is None
    listener = children.stock("Listener")
    assert bus.result(bus.ask_stock("emit", "seen")) is None
    listener.wait_for("took seen")
    assert not listener.count("took unseen")


def test_stock_loses_an_event_whose_handler_fails(bus: Bus, children: Children) -> None:
    service = children.stock("Forgetful")
    bus.send("shop.events", "placed", b'"poison"')
    service.wait_for("took poison")
    bus.send("shop.events", "placed", b'"another"')
    service.wait_for("took another")
    service.stop()
    assert bus.depth(HANDLED) == 0
    assert service.count("took poison") == 1


def test_stock_that_requeues_takes_a_poisoned_event_hundreds_of_times_while_ours_tries_a_few(bus: Bus, children: Children, database: TestDatabase) -> None:
    ours = children.ours()
    stock = children.stock("Stubborn")
    bus.emit("order-1", word="poison")
    ours.wait_for("began poison")
    bus.send("shop.events", "placed", json.dumps("poison").encode())
    wait_until(lambda: stock.count("took poison") >= MANY, f"stock takes it {MANY} times")
    assert stock.runs
    assert ours.count("began poison") < 10
    assert bus.depth("catalog.inbox") == 0, "it is not on the bus any more"
    with database.transaction() as tx:
        kept = tx.execute(select(inbox)).one()
    assert (kept.subject, kept.error) == ("order-1", "RuntimeError: the handler failed")
    assert kept.event["data"] == {"word": "poison"}
