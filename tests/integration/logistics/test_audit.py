from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from services.logistics.application.audit import order_states
from services.logistics.models import documents, filings, shipments
from tests.integration.logistics.scene import Scene, Trade


@pytest.fixture
def trade(scene: Scene) -> Trade:
    trade = Trade()
    scene.happen(trade.placed(), trade.export_submitted(), *trade.in_transit()[1:])
    scene.track("delivered", "e-1")
    return trade


def test_sound_shipments_are_counted_and_nothing_is_found(scene: Scene, trade: Trade) -> None:
    planned = Trade()
    scene.happen(planned.placed())
    lines = {line.check: line.figures for line in scene.audit()}
    assert lines["shipments"] == {"dispatched": 1, "planned": 1}
    assert lines["filings"] == {"export": 1}
    assert lines["documents"] == {"commercial_invoice": 1, "export_declaration": 1, "packing_list": 1}
    assert not any(line.difference for line in scene.audit())
    assert scene.database.run(order_states) == {trade.order_id: "dispatched", planned.order_id: "planned"}


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (update(shipments).values(waybill_number=None), "under way only with waybill and notice"),
        (update(shipments).values(state="planned"), "in transit only when dispatched"),
        (delete(documents).where(documents.c.name == "packing_list"), "export declarations have their papers"),
        (delete(filings), "papers have their export declaration"),
    ],
)
def test_what_must_not_be_is_found_and_named(scene: Scene, trade: Trade, damage: Any, found: str) -> None:
    scene.database.run(lambda tx: tx.execute(damage))
    assert scene.faults() == {found: [trade.order_id]}


def test_an_arrival_told_without_tracking_is_found(scene: Scene) -> None:
    trade = Trade()
    scene.happen(*trade.in_transit())
    scene.database.run(lambda tx: tx.execute(update(shipments).values(arrival_told_at=datetime(2026, 3, 1, tzinfo=UTC))))
    assert scene.faults() == {"arrivals told were tracked": [trade.order_id]}


def test_the_database_itself_refuses_a_shipment_under_way_without_waybill(scene: Scene, trade: Trade) -> None:
    with pytest.raises(IntegrityError):
        scene.database.run(lambda tx: tx.execute(update(shipments).values(waybill_key=None)))
