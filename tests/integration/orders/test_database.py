"""What the database itself holds to, on PostgreSQL and on the embedded default's SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.orders.application import moves
from services.orders.application.records import CLOCK, find_order
from services.orders.domain import lifecycle
from services.orders.models import enquiry_history, order_history, orders
from tests.builders.database import TestDatabase, embedded_database
from tests.integration.orders.scene import Scene


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[TestDatabase]:
    with embedded_database("orders", tmp_path) as fresh:
        yield fresh


@pytest.fixture(params=["postgresql", "sqlite"])
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(request.getfixturevalue("database" if request.param == "postgresql" else "embedded"))


@pytest.mark.parametrize("history", [order_history, enquiry_history], ids=lambda table: table.name)
def test_a_history_can_only_grow(scene: Scene, history: Any) -> None:
    key = scene.open()["id"]
    scene.offer(key)
    scene.accept(key)
    before = scene.run(lambda tx: tx.execute(history.select()).all())
    for change in (update(history).values(note="It was not like that."), update(history).where(history.c.version == 1).values(version=9), delete(history)):
        with pytest.raises(DBAPIError, match="the history can only grow"):
            scene.run(lambda tx, change=change: tx.execute(change))
    assert scene.run(lambda tx: tx.execute(history.select()).all()) == before != []


def test_a_history_cannot_be_emptied_at_one_stroke(database: TestDatabase) -> None:
    with pytest.raises(DBAPIError, match="the history can only grow"), database.transaction() as tx:
        tx.execute(text("TRUNCATE order_history"))


def test_no_other_state_than_the_tables_can_be_stored(scene: Scene) -> None:
    scene.place()
    for state in lifecycle.STATES:
        scene.run(lambda tx, state=state: tx.execute(update(orders).values(state=state)))
    with pytest.raises(IntegrityError, match="orders_state"):
        scene.run(lambda tx: tx.execute(update(orders).values(state="nearly_done")))


def test_a_whole_trade_goes_the_same_way(scene: Scene) -> None:
    key = scene.open()["id"]
    scene.offer(key)
    order = scene.accept(key)
    scene.hear(order, "catalog.stock_reserved.v1")
    scene.hear(order, "logistics.channel_confirmed.v1")
    assert scene.walk(order)["state"] == "completed"
    assert len(scene.told(order["id"])) == 15


def test_a_transition_decided_on_an_order_that_has_moved_meanwhile_is_refused(scene: Scene) -> None:
    order = scene.confirmed()
    stale = scene.run(lambda tx: find_order(tx, order["id"], lock=True))
    transition = next(each for each in lifecycle.transitions(stale.situation.terms) if each.deadline == "payment")
    scene.run(lambda tx: moves.apply(tx, stale, transition, CLOCK))
    with pytest.raises(IntegrityError, match="order_history"):
        scene.run(lambda tx: moves.apply(tx, stale, transition, CLOCK))
    with pytest.raises(AssertionError):
        scene.run(lambda tx: moves.apply(tx, replace(stale, locked=False), transition, CLOCK))
    assert scene.told(order["id"]).count("orders.order_cancelled.v1") == 1
