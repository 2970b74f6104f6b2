from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from services.logistics.application.audit import freight_paid, order_states
from services.logistics.models import documents, filings, logistics_orders, shipments, waybill_serials
from tests.integration.logistics.parcels import Parcel, add_tariff, handed_over, parcel
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


@pytest.fixture
def shipped(scene: Scene) -> Parcel:
    """One that is handed over, after one that was refused."""
    add_tariff(scene)
    trade = parcel(scene)
    trade.book()
    scene.happen(trade.refused_freight())
    trade.book()
    scene.happen(trade.charged())
    return handed_over(trade)


def test_sound_logistics_orders_are_counted_and_nothing_is_found(scene: Scene, shipped: Parcel) -> None:
    heavy, ended, waiting = parcel(scene, booked=True), parcel(scene, booked=True), parcel(scene)
    heavy.scan()
    heavy.weigh(weight_kg="3.2")
    ended.void()
    waiting.book()
    lines = {line.check: line.figures for line in scene.audit()}
    assert lines["logistics orders"] == {"awaiting_freight": 1, "handed_over": 1, "on_hold": 1, "refused": 1, "voided": 1}
    assert not any(line.difference for line in scene.audit())


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ({"paid": 0}, "freight paid is what was asked for"),
        ({"due": 1, "paid": 4149}, "freight is owed only where it is waited for"),
        ({"waybill_key": "0000000022"}, "online shipments go by the waybill issued"),
        ({"weighed_kg": None}, "parcels handed over are weighed"),
    ],
)
def test_a_logistics_order_that_must_not_be_is_found_and_named(scene: Scene, shipped: Parcel, damage: dict[str, Any], found: str) -> None:
    scene.database.run(lambda tx: tx.execute(update(logistics_orders).where(logistics_orders.c.state == "handed_over").values(damage)))
    assert scene.faults() == {found: [shipped.order_id]}


def test_money_kept_for_a_voided_logistics_order_is_found(scene: Scene, shipped: Parcel) -> None:
    scene.database.run(lambda tx: tx.execute(update(logistics_orders).where(logistics_orders.c.state == "refused").values(paid=1)))
    assert scene.faults() == {"freight paid is what was asked for": [shipped.order_id]}


def test_a_waybill_number_that_is_lost_is_found(scene: Scene, shipped: Parcel) -> None:
    scene.database.run(lambda tx: tx.execute(update(waybill_serials).values(last=3)))
    (line,) = (line for line in scene.audit() if line.subject == "dhl_express")
    assert (line.check, line.figures, line.difference) == ("waybills issued = numbers used", {"numbers used": 3, "waybills issued": 1}, 2)


@pytest.mark.parametrize("damage", [{"state": "ready"}, {"state": "nowhere"}, {"if_undeliverable": "sell"}, {"paid": -1}])
def test_the_database_itself_refuses_what_a_logistics_order_cannot_be(scene: Scene, shipped: Parcel, damage: dict[str, Any]) -> None:
    """A second live one, one without its waybill, and values that there are not."""
    with pytest.raises(IntegrityError):
        scene.database.run(lambda tx: tx.execute(update(logistics_orders).where(logistics_orders.c.state == "refused").values(damage)))


def test_what_is_paid_for_each_order_can_be_compared_with_payments_own(scene: Scene, shipped: Parcel) -> None:
    waiting, ended = parcel(scene), parcel(scene, booked=True)
    waiting.book()
    ended.void()
    assert scene.database.run(freight_paid) == {(shipped.order_id, "USD"): 4150}
