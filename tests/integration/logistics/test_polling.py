"""Carriers that do not call are asked: for what is expected of them, not too often, and what they tell counts as if they had called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.logistics.application import watch
from services.logistics.domain.waybills import issue
from tests.builders.carrier import CarrierServer, body, event
from tests.integration.logistics.scene import Scene, Trade
from tests.unit.logistics import sample

UPS = [issue("ups", "express", serial, "CN") for serial in range(3)]


@pytest.fixture
def ups(access: Callable[..., None]) -> Iterator[CarrierServer]:
    with CarrierServer().serving() as server:
        access(CARRIER_UPS_URL=server.url, CARRIER_UPS_KEY="k3y")
        yield server


def by_express(scene: Scene, waybill: str) -> Trade:
    trade = Trade(sample.order(terms=sample.terms(channel="express", incoterm="CIP"), lines=[sample.order()["lines"][1]]))
    packages = [sample.package(count=10, weight_kg="20", length_cm="40", width_cm="40", height_cm="40")]
    form = trade.shipping_submitted(waybill, logistics_channel="express", packages=packages)
    form.raw["form"]["shipping_notice"]["mode"] = "express"
    scene.happen(trade.placed(), form, trade.event("goods_shipped", "in_transit"))
    return trade


def poll(scene: Scene, later: timedelta = timedelta(0)) -> None:
    def run(work: Callable[..., Any], *args: Any) -> Any:
        with scene.database.transaction(later) as tx:
            return work(tx, *args)

    watch.poll(run)


def test_a_carrier_is_asked_for_its_parcels_only_and_what_it_tells_counts(scene: Scene, ups: CarrierServer) -> None:
    trade, other = by_express(scene, UPS[0]), Trade()
    scene.happen(*other.in_transit())
    ups.text = body(event("delivered", waybill=UPS[0]))
    poll(scene)
    assert ups.questions == [([UPS[0]], "Bearer k3y")]
    assert scene.shipment(trade)["tracking_status"] == "delivered"
    assert scene.told_names(trade).count("parcel_arrived") == 1


def test_it_is_asked_again_after_a_while_and_never_after_the_delivery(scene: Scene, ups: CarrierServer) -> None:
    trade = by_express(scene, UPS[0])
    ups.text = body(event("in_transit", waybill=UPS[0]))
    for minutes in (0, 1, 29, 31, 32):
        poll(scene, later=timedelta(minutes=minutes))
    assert len(ups.questions) == 2
    assert len(scene.shipment(trade)["tracking"]) == 1
    ups.text = body(event("delivered", "e-2", waybill=UPS[0]))
    for hours in (1, 2, 30):
        poll(scene, later=timedelta(hours=hours))
    assert len(ups.questions) == 3


def test_it_is_asked_for_many_at_once(scene: Scene, ups: CarrierServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "POLL_AT_ONCE", 2)
    trades = [by_express(scene, waybill) for waybill in UPS]
    ups.text = body(*(event("in_transit", waybill=waybill) for waybill in UPS))
    poll(scene)
    assert sorted(len(numbers) for numbers, _ in ups.questions) == [1, 2]
    assert {scene.shipment(trade)["tracking_status"] for trade in trades} == {"in_transit"}


def test_a_carrier_that_is_away_is_asked_again_later_and_nothing_is_lost(scene: Scene, ups: CarrierServer, caplog: pytest.LogCaptureFixture) -> None:
    trade = by_express(scene, UPS[0])
    ups.status = 503
    poll(scene)
    assert "ups answers 503" in caplog.text
    ups.status, ups.text = 200, body(event("in_transit", waybill=UPS[0]))
    poll(scene, later=timedelta(minutes=31))
    assert scene.shipment(trade)["tracking_status"] == "in_transit"


def test_a_cancelled_orders_parcel_is_not_asked_for(scene: Scene, ups: CarrierServer) -> None:
    trade = by_express(scene, UPS[0])
    scene.happen(trade.cancelled())
    poll(scene)
    assert ups.questions == []


def test_nobody_is_asked_without_an_address(scene: Scene, access: Callable[..., None]) -> None:
    by_express(scene, UPS[0])
    poll(scene)
