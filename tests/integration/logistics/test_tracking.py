"""Tracking as carriers report it: once, in any order, and what it tells orders."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

from services.logistics.models import tracking_events
from shared.kit.errors import Forbidden, Invalid, NotFound, Unauthenticated
from tests.integration.logistics.scene import OPERATOR, Scene, Trade
from tests.unit.logistics import sample

JOURNEY = ["picked_up", "in_transit", "on_hold", "in_transit", "out_for_delivery", "delivery_failed", "out_for_delivery", "delivered"]


@pytest.fixture
def trade(scene: Scene) -> Trade:
    trade = Trade()
    scene.happen(*trade.in_transit())
    return trade


def arrivals(scene: Scene, trade: Trade) -> list[str]:
    return [name for name in scene.told_names(trade) if name == "parcel_arrived"]


def test_a_report_is_kept_and_shown(scene: Scene, trade: Trade) -> None:
    answer = scene.track("in_transit", "e-1", 9, description="Sailed", location="Ningbo", country="CN")
    told = {"status": "in_transit", "reason": None, "description": "Sailed", "location": "Ningbo", "country": "CN", "occurred_at": "2026-03-10T01:00:00Z"}
    assert answer["tracking"] == [told]
    assert answer["tracking_status"] == "in_transit"
    assert scene.shipment(trade)["tracking"] == answer["tracking"]


def test_a_carrier_sees_the_shipment_without_the_orders_papers(scene: Scene, trade: Trade) -> None:
    scene.happen(trade.export_submitted())
    answer = scene.track("in_transit", "e-1")
    assert (answer["order_id"], answer["documents"], answer["declarations"]) == (trade.order_id, [], [])


def test_the_same_event_counts_once(scene: Scene, trade: Trade) -> None:
    scene.track("in_transit", "e-1", 1)
    answer = scene.track("delivered", "e-1", 2, waybill="cosu 6123-456780")
    assert [event["status"] for event in answer["tracking"]] == ["in_transit"]
    assert arrivals(scene, trade) == []


@pytest.mark.parametrize("seed", range(5))
def test_reports_in_any_order_and_repeated_end_the_same(scene: Scene, trade: Trade, seed: int) -> None:
    reports = [(status, f"e-{hour}", hour) for hour, status in enumerate(JOURNEY)] * 2
    random.Random(seed).shuffle(reports)
    for report in reports:
        answer = scene.track(*report)
    assert answer["tracking_status"] == "delivered"
    assert [event["status"] for event in answer["tracking"]] == JOURNEY
    assert arrivals(scene, trade) == ["parcel_arrived"]


def test_an_arrival_is_told_once_with_its_time(scene: Scene, trade: Trade) -> None:
    scene.track("ready_for_pickup", "e-1", 10)
    scene.track("delivered", "e-2", 12)
    arrived = [data for name, data in scene.told(trade) if name == "parcel_arrived"]
    assert arrived == [{"order_id": trade.order_id, "waybill_number": "COSU 6123456780", "occurred_at": "2026-03-10T02:00:00Z"}]


def test_a_late_report_after_the_arrival_does_not_move_the_shipment_back(scene: Scene, trade: Trade) -> None:
    scene.track("delivered", "e-2", 12)
    assert scene.track("in_transit", "e-1", 14)["tracking_status"] == "delivered"


def test_an_arrival_before_the_order_waits_for_it_is_told_when_it_does(scene: Scene) -> None:
    trade = Trade()
    *before, insured = trade.in_transit()
    scene.happen(*before)
    scene.track("delivered", "e-1")
    assert arrivals(scene, trade) == []
    scene.happen(insured)
    assert arrivals(scene, trade) == ["parcel_arrived"]


def test_an_arrival_during_an_exception_is_told_when_it_is_resolved(scene: Scene, trade: Trade) -> None:
    scene.happen(trade.event("exception_raised", "transport_exception"))
    scene.track("delivered", "e-1")
    assert arrivals(scene, trade) == []
    scene.happen(trade.event("exception_resolved", "in_transit"))
    assert arrivals(scene, trade) == ["parcel_arrived"]


def test_an_arrival_that_orders_passed_over_is_told_again_once_the_exception_is_resolved(scene: Scene, trade: Trade) -> None:
    scene.track("delivered", "e-1")
    scene.happen(trade.event("exception_raised", "transport_exception"), trade.event("exception_resolved", "in_transit"))
    assert scene.told_names(trade).count("parcel_arrived") == 2, "orders drops the one that it does not wait for"


def test_an_arrival_the_supplier_told_already_is_not_told_again(scene: Scene, trade: Trade) -> None:
    scene.happen(trade.event("goods_arrived", "receiving"))
    scene.track("delivered", "e-1")
    assert arrivals(scene, trade) == []
    assert scene.shipment(trade)["tracking_status"] == "delivered"


def test_goods_returned_to_the_sender_never_arrive(scene: Scene, trade: Trade) -> None:
    scene.track("return_to_sender", "e-1", 1)
    answer = scene.track("delivered", "e-2", 2)
    assert answer["tracking_status"] == "return_to_sender"
    assert arrivals(scene, trade) == []


def test_a_void_shipment_is_tracked_but_never_arrives(scene: Scene, trade: Trade) -> None:
    scene.happen(trade.cancelled())
    scene.track("delivered", "e-1")
    assert scene.shipment(trade)["state"] == "voided"
    assert arrivals(scene, trade) == []


def test_tracking_of_a_replaced_waybill_says_nothing_of_the_new_one(scene: Scene, trade: Trade) -> None:
    scene.track("out_for_delivery", "e-1")
    scene.happen(trade.shipping_submitted("NEW-1"))
    assert (scene.shipment(trade)["tracking_status"], scene.shipment(trade)["tracking"]) == ("pending", [])
    with pytest.raises(NotFound):
        scene.track("delivered", "e-2")
    assert scene.track("picked_up", "e-1", waybill="NEW-1")["tracking_status"] == "picked_up"


def test_only_carriers_and_operators_report(scene: Scene, trade: Trade) -> None:
    for actor in (trade.buyer, trade.supplier):
        with pytest.raises(Forbidden):
            scene.track("delivered", "e-1", actor=actor)
    with pytest.raises(Unauthenticated):
        scene.track("delivered", "e-1", actor=None)
    assert scene.shipment(trade)["tracking"] == []
    assert scene.track("in_transit", "e-1", actor=OPERATOR)["tracking_status"] == "in_transit"


def test_an_unknown_waybill_is_not_found(scene: Scene, trade: Trade) -> None:
    with pytest.raises(NotFound):
        scene.track("delivered", "e-1", waybill="COSU 6123456781")
    with pytest.raises(NotFound):
        scene.track("delivered", "e-1", channel="air_freight")


def test_a_waybill_of_two_channels_needs_the_channel(scene: Scene, trade: Trade) -> None:
    other = Trade(sample.order(terms=sample.terms(channel="sea_freight_lcl")))
    scene.happen(other.placed(), other.shipping_submitted(logistics_channel="sea_freight_lcl", packages=[sample.package(count=4)]))
    with pytest.raises(Invalid) as error:
        scene.track("in_transit", "e-1")
    assert (error.value.code, error.value.errors) == ("waybill_ambiguous", {"channel": ["Name one of: sea_freight_fcl, sea_freight_lcl."]})
    assert scene.track("in_transit", "e-1", channel="sea_freight_lcl")["order_id"] == other.order_id
    assert scene.shipment(trade)["tracking"] == []


@pytest.mark.parametrize("change", [update(tracking_events).values(status="delivered"), delete(tracking_events)])
def test_tracking_can_only_be_added_to(scene: Scene, trade: Trade, change: object) -> None:
    scene.track("in_transit", "e-1")
    with pytest.raises(DBAPIError, match="can only be added to"):
        scene.database.run(lambda tx: tx.execute(change))
    assert scene.database.run(lambda tx: tx.execute(select(func.count()).select_from(tracking_events)).scalar_one()) == 1
